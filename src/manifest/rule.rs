//! The rules of the manifest language: their stable codes, how grave a breach is, and one line on each.
//!
//! A code never changes its meaning and is never given again. What breaks a rule is said where it is checked.

use std::fmt;

/// How grave a breach of a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The manifests are refused.
    Error,
    /// The manifests are taken, and a person should look.
    Warning,
    /// The manifests are taken, and a person may want to know.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// Makes the table of rules.
macro_rules! rules {
    ($($name:ident $code:literal $severity:ident $summary:literal;)+) => {
        /// A rule of the manifest language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule {
            $(#[doc = $summary] $name,)+
        }

        impl Rule {
            /// Every rule, in the order of the codes.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// How grave a breach is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }

            /// The rule in one line.
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$name => $summary,)+ }
            }

            /// Why there is the rule, what to write instead, and where it comes from.
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("explain/", $code, ".md")),)+ }
            }

            /// Whether a comment may allow a breach: of warnings and notes, and of errors those where acitask foretells what
            /// Azure refuses. Azure may have changed its mind; what acitask itself needs stays needed.
            pub const fn can_be_allowed(self) -> bool {
                !matches!(self.severity(), Severity::Error) || self.is_azures()
            }

            /// The rule of a code, in any case.
            pub fn of(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|rule| rule.code().eq_ignore_ascii_case(code))
            }
        }
    };
}

rules! {
    Readable "ACI001" Error "a manifest file is UTF-8 text of at most 16 MB";
    Syntax "ACI002" Error "a manifest file is YAML";
    Budget "ACI003" Error "a manifest is not nested too deep and does not grow too large";
    DuplicateKey "ACI004" Error "a key stands once in its mapping";
    Document "ACI005" Error "a document is a mapping with apiVersion and kind";
    Kind "ACI006" Error "kind and apiVersion are known";
    UnknownKey "ACI010" Error "every key is known";
    MissingKey "ACI011" Error "the keys that are needed are there";
    Type "ACI012" Error "a value has the type that its key wants";
    Word "ACI013" Error "a value is one of the words that its key knows";
    Range "ACI014" Error "a value is within the limits of its key";
    Project "ACI020" Error "there is exactly one Project, since everything has an owner";
    Name "ACI021" Error "a name is one that Azure takes";
    DuplicateName "ACI022" Error "a name stands once";
    Reference "ACI023" Error "what is referred to is declared";
    Cycle "ACI024" Error "nothing comes before itself";
    Step "ACI030" Error "CPU comes in steps of 0.01, memory in steps of 0.1 GB";
    Resources "ACI031" Error "a group has the CPUs and the memory that its kind may have";
    ReservedPort "ACI032" Error "a port is none that Azure keeps for itself";
    PortCount "ACI033" Error "an address has at most five ports";
    PortOffered "ACI034" Warning "a port of the address is offered by a container, and the reverse";
    PrivateAddress "ACI035" Error "a private address has a subnet, and a public one has none";
    Limits "ACI036" Error "a limit is at least the request and at most the group's total";
    Windows "ACI037" Error "a Windows group has one container";
    DnsLabel "ACI038" Error "a DNS name label belongs to a public address";
    NameServers "ACI039" Warning "name servers of one's own need a subnet";
    TagText "ACI040" Error "a tag is one that Azure takes";
    TagReserved "ACI041" Error "no tag begins with acitask-";
    TagCount "ACI042" Error "a resource has at most 50 tags, our own included";
    Big "ACI043" Note "a big group may find no room in its region";
    Undeclared "ACI050" Error "a variable is declared by the Project";
    NoValue "ACI051" Error "a variable that is used has a value";
    SecretShown "ACI052" Error "a secret variable stands only in secureValue.fromVariable";
    Placeholder "ACI053" Error "a placeholder is ${NAME}, and $${ stands for ${";
    OneOf "ACI054" Error "of keys that exclude each other exactly one is there";
    SecretLiteral "ACI055" Warning "a secret does not stand in a manifest";
    SecretFile "ACI056" Error "the file of a secret can be read";
    UrlSecret "ACI057" Warning "a URL that everybody sees holds no login";
    KeyPlaceholder "ACI058" Error "a key holds no placeholder";
    RunShape "ACI060" Error "a task run has the keys of its type, and no others";
    StrongGroup "ACI061" Error "a strong run needs a Linux group with restart policy Always";
    WeakGroup "ACI062" Error "a weak run's group does not have restart policy Always";
    Records "ACI063" Error "a resource group that is not ours takes run records only with records: true";
    RunName "ACI064" Error "an ephemeral run's name leaves room for its run's digest";
    Location "ACI065" Error "a resource group has a location";
    IgnoreChanges "ACI066" Error "only tags can be left out of account";
    Timeout "ACI067" Error "a timeout is longer than nothing";
    Array "ACI068" Error "an array has either items, each once, or a count";
    MountUnknown "ACI070" Error "what is mounted is a volume of the group";
    VolumeIdle "ACI071" Warning "a volume is mounted";
    Spot "ACI072" Error "a spot group has what spot groups can have";
    Confidential "ACI073" Error "what is for confidential groups stands in one";
    Gpu "ACI074" Error "there are no GPUs any more";
    Registries "ACI075" Error "there are no more logins for registries than containers";
    Latest "ACI076" Note "an image's tag says what runs";
    Region "ACI077" Warning "a region is one of Azure's";
    IdentityMissing "ACI078" Error "an identity that is used is one of the group's";
    IdentityShape "ACI079" Error "the type of the identities and those that are named agree";
    WindowsVolume "ACI080" Error "volumes are for Linux groups";
    ApiVersionNeeded "ACI081" Error "what is used is known to the version of Azure's API";
    ArmKnown "ACI082" Error "arm holds what the language does not know, in the form of Azure's API";
    ApiVersion "ACI083" Error "the version of Azure's API is one that acitask can use";
    MountPath "ACI084" Error "a mount has a path of its own, without colons";
    ImageName "ACI085" Error "an image has a name";
    RegistryName "ACI086" Error "a registry is named by its host";
    RegionName "ACI087" Error "the name of a region has letters and digits";
    Environment "ACI088" Error "where there are Environments, one of them is named";
    PatchTarget "ACI089" Error "what an Environment changes is declared";
    AllowMalformed "ACI090" Warning "what is allowed is named by its code, with a reason";
    AllowIdle "ACI091" Note "what is allowed is there";
    Ours "ACI099" Error "a manifest that fits the schema can be read";
}

impl Rule {
    /// Whether it is Azure that takes or refuses what the rule speaks of, and a body can be built all the same.
    const fn is_azures(self) -> bool {
        matches!(
            self,
            Self::Step
                | Self::Resources
                | Self::ReservedPort
                | Self::PortCount
                | Self::PrivateAddress
                | Self::Limits
                | Self::Windows
                | Self::DnsLabel
                | Self::TagText
                | Self::MountUnknown
                | Self::Spot
                | Self::Confidential
                | Self::Gpu
                | Self::Registries
                | Self::IdentityMissing
                | Self::IdentityShape
                | Self::WindowsVolume
                | Self::ApiVersionNeeded
                | Self::MountPath
                | Self::RegistryName
        )
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart_and_in_order() {
        let codes: Vec<_> = Rule::ALL.iter().map(|rule| rule.code()).collect();
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
    }
}
