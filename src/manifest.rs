//! YAML text → [`Stack`]: the manifest language.
//!
//! [`read`] parses every file into span trees; [`Draft::resolve`] fills in variables, lets the generated schema judge
//! structure, lets rules judge meaning, and lowers what is left into a stack. Two steps, because the values of variables
//! depend on what the project declares.
//!
//! Invariant: pure, and all errors of all files are told at once, each once, each at its place. No value is ever guessed.
//! Files, the environment and the precedence of values are the command line's.

mod allow;
mod book;
mod compose;
mod diagnostic;
mod import;
mod judge;
pub mod kind;
mod lower;
mod mask;
mod merge;
mod near;
mod opened;
mod overlay;
mod page;
mod parse;
mod place;
mod rule;
mod rules;
mod scalar;
pub mod schema;
mod telltale;
#[cfg(test)]
mod tests;
mod tree;
mod value;
mod variable;
pub mod write;

use std::sync::Arc;

pub use self::diagnostic::{Diagnostic, Rejected, Spot};
pub use self::import::{Imported, import};
pub use self::kind::Kind;
pub use self::parse::MAX_TEXT;
pub use self::rule::{Rule, Severity};
pub use self::variable::{Declared, Given, Origin, Values};
pub use self::write::to_yaml;

use self::allow::Allow;
use self::book::{Book, Document};
use self::judge::Judge;
use self::lower::Typed;
use self::opened::Opened;
use self::variable::Variables;
use crate::model::name::Name;
use crate::model::stack::{Stack, Target};

/// A file of manifests.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its path as it is shown.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What the manifests say about the project before variables are filled in, as far as it can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectHint {
    /// Where the plan goes.
    pub target: Option<Target>,
    /// The subscription as written, placeholders included.
    pub subscription: Option<String>,
    /// The variables that are declared.
    pub variables: Vec<Declared>,
}

/// Manifests that were read and not yet judged.
#[derive(Clone, Debug)]
pub struct Draft {
    files: Vec<Opened>,
    documents: Vec<Document>,
    diagnostics: Vec<Diagnostic>,
    allows: Vec<Allow>,
    environment: Option<Name>,
    complete: bool,
}

/// Manifests that hold.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// What they want.
    pub stack: Stack,
    /// What a person should look at.
    pub warnings: Vec<Diagnostic>,
}

/// Reads files of manifests. What is wrong with them is told by [`Draft::resolve`].
pub fn read(mut sources: Vec<Source>) -> Draft {
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    let mut draft = Draft {
        files: vec![],
        documents: vec![],
        diagnostics: vec![],
        allows: vec![],
        environment: None,
        complete: true,
    };
    let mut base = 0;
    let mut texts = vec![];
    for (file, source) in sources.into_iter().enumerate() {
        let parsed = parse::documents(file, base, &source.text);
        let first = draft.documents.len();
        draft.complete &= !parsed.incomplete;
        draft.diagnostics.extend(parsed.diagnostics);
        let (allows, misread) = allow::comments(file, base, &source.text);
        draft.allows.extend(allows);
        draft.diagnostics.extend(misread);
        draft
            .documents
            .extend(parsed.documents.into_iter().map(|root| Document { file, root: Arc::new(root) }));
        let length = source.text.len();
        texts.push((source, base, draft.documents[first..].to_vec(), !parsed.incomplete));
        // One more, so that the end of a file is no place of the next.
        base += length + 1;
    }
    let secrets = Arc::new(mask::secrets(&draft.documents));
    let opened = |(source, base, documents, whole)| {
        Opened::new((base, source), (documents, whole), Arc::clone(&secrets))
    };
    draft.files = texts.into_iter().map(opened).collect();
    draft.documents.retain(|document| !document.is_empty());
    draft
}

impl Draft {
    /// The same where files are missing, because they cannot be read: their names, each with the reason. They are told
    /// with all else that is wrong, and nothing is called undeclared that may stand in them.
    #[must_use]
    pub fn without(mut self, files: impl IntoIterator<Item = (String, String)>) -> Self {
        for (name, reason) in files {
            self.diagnostics.push(Diagnostic::unreadable(&name, &reason));
            self.complete = false;
        }
        self
    }

    /// The manifests as they are in an environment: its patches laid over them. Where there are Environments, one has to
    /// be named; what is wrong is told by [`Draft::resolve`].
    #[must_use]
    pub fn in_environment(mut self, name: Option<&str>) -> Self {
        let (documents, found) = overlay::applied(&self.documents, self.complete, name);
        self.documents = documents;
        self.diagnostics.extend(found);
        self.environment = name.map(Name::from);
        self
    }

    /// What the manifests say about the project, even where something else is wrong.
    pub fn project_hint(&self) -> ProjectHint {
        let (book, _) = Book::open(&self.documents, self.complete);
        let Some(project) = book.of(Kind::Project).next().map(|sheet| sheet.root) else {
            return ProjectHint::default();
        };
        let target = match project.word(&["spec", "target"]) {
            Some("azure") => Some(Target::Azure),
            Some("local") => Some(Target::Local),
            _ => None,
        };
        let subscription = project.word(&["spec", "subscription"]).map(str::to_owned);
        let mut variables = variable::declared(project);
        overlay::defaults(&book, self.environment.as_ref(), &mut variables);
        ProjectHint { target, subscription, variables }
    }

    /// Fills in variables and judges: the manifests as a stack, or all that is wrong with them.
    ///
    /// `files` gives the text of a file that a `fromFile` names, or the reason why it cannot be had;
    /// `whole` says whether these are all manifests of the project.
    ///
    /// # Errors
    /// Every error of every file.
    pub fn resolve(
        &self,
        values: &Values,
        files: &dyn Fn(&str) -> Result<String, String>,
        whole: bool,
    ) -> Result<Resolved, Rejected> {
        let declared = self.project_hint().variables;
        let mut diagnostics = self.diagnostics.clone();
        let mut variables = Variables::new(&declared, values, self.declarations_complete());
        let environment = Some(Kind::Environment.as_str());
        if self.documents.iter().any(|document| document.place().word(&["kind"]) == environment) {
            let (book, _) = Book::open(&self.documents, self.complete);
            variables.leave_open(overlay::left_open(&book, self.environment.as_ref(), &declared));
        }
        let filled = self.filled(&mut variables);
        let (book, unknown) = Book::open(&filled, self.complete);
        diagnostics.extend(unknown);
        let secrets = rules::secret::resolve(&book, &mut variables, files, &mut diagnostics);
        overlay::values(&book, &mut variables, &mut diagnostics);
        diagnostics.extend(variables.finish());
        let mut typed = Typed::default();
        match Judge::new(&book.sheets.iter().map(|sheet| sheet.kind).collect()) {
            Ok(judge) => typed.take(&judge, &book, &mut diagnostics),
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
        rules::judge(&book, &mut diagnostics);
        diagnostics.extend(overlay::unchosen(&book, self.environment.as_ref()));
        allow::apply(&self.allows, &mut diagnostics);
        let (errors, warnings) = diagnostic::part(diagnostics, &self.files);
        if !errors.is_empty() {
            return Err(Rejected { diagnostics: errors, warnings });
        }
        match lower::stack(typed, &secrets, self.environment.as_ref(), whole) {
            Ok(stack) => Ok(Resolved { stack, warnings }),
            Err(diagnostic) => Err(Rejected { diagnostics: vec![*diagnostic], warnings }),
        }
    }

    /// Whether a variable that is not found is not declared: every file was read, and there is a project.
    fn declarations_complete(&self) -> bool {
        let (book, _) = Book::open(&self.documents, self.complete);
        self.complete && book.of(Kind::Project).next().is_some()
    }

    /// The documents with their placeholders filled. A declaration of variables is taken as it is.
    fn filled(&self, variables: &mut Variables<'_>) -> Vec<Document> {
        let mut documents = self.documents.clone();
        for document in &mut documents {
            // The chosen Environment has been laid over the others, and the values of the others are not asked for.
            if document.place().word(&["kind"]) == Some(Kind::Environment.as_str()) {
                continue;
            }
            variables.fill_document(document);
        }
        documents
    }
}
