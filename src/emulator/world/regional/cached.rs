//! The images that a region has cached, as recorded: westcentralus in 2021 (azure-sdk-for-net, LocationListCachedImagesTest)
//! and eastus in 2023 (azure-powershell, Get-AzContainerInstanceCachedImage), when there were none of Linux any more.

use serde_json::{Value, json};

use super::Year;

const BEFORE_2016: [&str; 9] = [
    "microsoft/dotnet-framework:4.7.2-runtime-20181211-windowsservercore-ltsc2016",
    "microsoft/dotnet-framework:4.7.2-runtime-20190108-windowsservercore-ltsc2016",
    "microsoft/dotnet-framework:4.7.2-runtime-20190212-windowsservercore-ltsc2016",
    "microsoft/nanoserver:10.0.14393.2430",
    "microsoft/nanoserver:10.0.14393.2485",
    "microsoft/nanoserver:10.0.14393.2551",
    "microsoft/windowsservercore:10.0.14393.2665",
    "microsoft/windowsservercore:10.0.14393.2724",
    "microsoft/windowsservercore:10.0.14393.2791",
];

const BEFORE_2019: [&str; 22] = [
    "mcr.microsoft.com/powershell:nanoserver-1809",
    "mcr.microsoft.com/dotnet/framework/runtime:4.8-20190418-windowsservercore-ltsc2019",
    "mcr.microsoft.com/dotnet/framework/runtime:4.7.2-20190409-windowsservercore-ltsc2019",
    "mcr.microsoft.com/dotnet/framework/runtime:4.7.2-20191210-windowsservercore-ltsc2019",
    "mcr.microsoft.com/dotnet/framework/sdk:4.8-20190418-windowsservercore-ltsc2019",
    "mcr.microsoft.com/dotnet/framework/sdk:4.7.2-20190409-windowsservercore-ltsc2019",
    "mcr.microsoft.com/dotnet/core/runtime:2.2.4-nanoserver-1809",
    "mcr.microsoft.com/dotnet/core/runtime:2.1.10-nanoserver-1809",
    "mcr.microsoft.com/dotnet/core/runtime:3.0.0-preview4-nanoserver-1809",
    "mcr.microsoft.com/dotnet/core/sdk:2.2.203-nanoserver-1809",
    "mcr.microsoft.com/dotnet/core/sdk:2.1.603-nanoserver-1809",
    "mcr.microsoft.com/dotnet/core/sdk:3.0.100-preview4-nanoserver-1809",
    "mcr.microsoft.com/windows/nanoserver:1809",
    "mcr.microsoft.com/windows/nanoserver:1809-KB4493509",
    "mcr.microsoft.com/windows/nanoserver:10.0.17763.437",
    "mcr.microsoft.com/windows/servercore:ltsc2019",
    "mcr.microsoft.com/windows/servercore:1809",
    "mcr.microsoft.com/windows/servercore:1809-KB4493509",
    "mcr.microsoft.com/windows/servercore:10.0.17763.437",
    "mcr.microsoft.com/windows:1809",
    "mcr.microsoft.com/windows:1809-KB4493509",
    "mcr.microsoft.com/windows:10.0.17763.437",
];

const AFTER_2016: [&str; 2] = [
    "mcr.microsoft.com/windows/servercore:10.0.14393.3568-amd64",
    "mcr.microsoft.com/windows/servercore:10.0.14393.3630-amd64",
];

const AFTER_2019: [&str; 20] = [
    "mcr.microsoft.com/dotnet/framework/runtime:4.8-windowsservercore-ltsc2019",
    "mcr.microsoft.com/dotnet/framework/runtime:4.7.2-windowsservercore-ltsc2019",
    "mcr.microsoft.com/dotnet/framework/runtime:3.5-windowsservercore-ltsc2019",
    "mcr.microsoft.com/dotnet/framework/sdk:4.8-windowsservercore-ltsc2019",
    "mcr.microsoft.com/dotnet/framework/sdk:3.5-windowsservercore-ltsc2019",
    "mcr.microsoft.com/dotnet/core/runtime:2.1.17-nanoserver-1809",
    "mcr.microsoft.com/dotnet/core/runtime:3.1.3-nanoserver-1809",
    "mcr.microsoft.com/dotnet/core/runtime:5.0.0-preview.2-nanoserver-1809",
    "mcr.microsoft.com/dotnet/core/sdk:2.1-nanoserver-1809",
    "mcr.microsoft.com/dotnet/core/sdk:3.1-nanoserver-1809",
    "mcr.microsoft.com/dotnet/core/sdk:5.0.100-preview.2-nanoserver-1809",
    "mcr.microsoft.com/windows/nanoserver:10.0.17763.1158-amd64",
    "mcr.microsoft.com/windows/servercore:10.0.17763.1158-amd64",
    "mcr.microsoft.com/windows:10.0.17763.1158-amd64",
    "mcr.microsoft.com/powershell:7.0.0-nanoserver-1809-kb4546852-amd64",
    "mcr.microsoft.com/dotnet/framework/runtime:4.8-20200908-windowsservercore-ltsc2019",
    "mcr.microsoft.com/dotnet/framework/runtime:4.7.2-20200908-windowsservercore-ltsc2019",
    "mcr.microsoft.com/dotnet/framework/runtime:3.5-20200908-windowsservercore-ltsc2019",
    "mcr.microsoft.com/dotnet/framework/sdk:4.8-20200908-windowsservercore-ltsc2019",
    "mcr.microsoft.com/dotnet/framework/sdk:3.5-20200908-windowsservercore-ltsc2019",
];

const LINUX: [&str; 12] = [
    "alpine:3.6",
    "microsoft/dotnet:2.1.403-sdk",
    "microsoft/dotnet:2.1.403-sdk-alpine",
    "microsoft/dotnet:2.1.5-runtime",
    "microsoft/dotnet:2.1.5-aspnetcore-runtime",
    "ubuntu:16.04",
    "python:3.7.4",
    "azure-cli:2.0.80",
    "ubuntu:20.04",
    "mcr.microsoft.com/dotnet/core/runtime:3.1",
    "mcr.microsoft.com/dotnet/core/aspnet:3.1",
    "alpine:3.12.0",
];

/// The list.
pub(super) fn images(year: Year) -> Vec<Value> {
    let early = year == Year::Of2021;
    let lists: [(&str, bool, &[&str]); 4] = [
        ("2016 - Before 2B", early, &BEFORE_2016),
        ("2019 - Before 2B", true, &BEFORE_2019),
        ("2016 - After 2B", early, &AFTER_2016),
        ("2019 - After 2B", true, &AFTER_2019),
    ];
    let windows = lists.into_iter().filter(|(_, shown, _)| *shown).flat_map(|(server, _, images)| {
        images.iter().map(move |image| {
            json!({"osType": "Windows", "osVersion": format!("Windows Server {server}"), "image": image})
        })
    });
    let linux = LINUX.iter().filter(|_| early).map(|image| json!({"osType": "Linux", "image": image}));
    windows.chain(linux).collect()
}
