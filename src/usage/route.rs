//! What a request is for, by its method and path.

/// What a request is for, as far as its bill is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text out of text (and more), billed by tokens in and out.
    Chat,
    /// Gemini's own way of that.
    Gemini,
    /// Vectors out of text, billed by tokens in.
    Embeddings,
    /// Images.
    Image,
    /// Speech out of text.
    Speech,
    /// Text out of speech.
    Transcription,
    /// A new order for documents.
    Rerank,
    /// Something else that may cost: jobs, searches, videos.
    Other,
    /// Nothing that a provider bills: reading, deleting, counting tokens.
    Free,
}

/// What a request is for, and how its answer's counts have to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// What for.
    pub kind: Kind,
    /// The model, where the path names it.
    pub model: Option<String>,
    /// Output is what the total has beyond the input: thoughts are left out of it otherwise.
    pub(super) output_by_total: bool,
}

/// A provider's POST calls that are free of charge, by the ends of their paths.
const FREE: [&str; 12] = [
    "/count_tokens",
    "/moderations",
    "/tokenize",
    "/detokenize",
    "/tokenize-text",
    "/input_tokens",
    "/cancel",
    "/files",
    "/uploads",
    "/parts",
    "/complete",
    "/files:register",
];

const BY_END: [(&str, Kind); 18] = [
    ("/chat/completions", Kind::Chat),
    ("/completions", Kind::Chat),
    ("/responses", Kind::Chat),
    ("/messages", Kind::Chat),
    ("/chat", Kind::Chat),
    ("/embeddings", Kind::Embeddings),
    ("/embed", Kind::Embeddings),
    ("/multimodalembeddings", Kind::Embeddings),
    ("/contextualizedembeddings", Kind::Embeddings),
    ("/rerank", Kind::Rerank),
    ("/images/generations", Kind::Image),
    ("/images/edits", Kind::Image),
    ("/images/variations", Kind::Image),
    ("/audio/speech", Kind::Speech),
    ("/audio/transcriptions", Kind::Transcription),
    ("/audio/translations", Kind::Transcription),
    ("/speech-to-text", Kind::Transcription),
    ("/listen", Kind::Transcription),
];

impl Route {
    /// By the catalogue's provider, the method and the path below its origin (a query may follow).
    #[must_use]
    pub fn of(provider: &str, method: &str, path: &str) -> Self {
        let path = path.split('?').next().unwrap_or(path);
        let kind = if method == "POST" {
            kind_of_post(path)
        } else {
            Kind::Free
        };
        Self {
            kind,
            model: model_in(path),
            output_by_total: provider == "gemini" && path.contains("/openai/"),
        }
    }
}

fn kind_of_post(path: &str) -> Kind {
    let last = path.rsplit('/').next().unwrap_or_default();
    if let Some((_, method)) = last.split_once(':') {
        return match method {
            "generateContent" | "streamGenerateContent" => Kind::Gemini,
            "embedContent" | "batchEmbedContents" => Kind::Embeddings,
            "predict" => Kind::Image,
            "countTokens" => Kind::Free,
            _ => Kind::Other,
        };
    }
    if FREE.iter().any(|end| path.ends_with(end)) {
        return Kind::Free;
    }
    if path.contains("/text-to-speech/") {
        return Kind::Speech;
    }
    let known = BY_END.iter().find(|(end, _)| path.ends_with(end));
    known.map_or(Kind::Other, |(_, kind)| *kind)
}

/// `…/models/{model}:method` (Gemini) and `…/deployments/{model}/…` (Azure).
fn model_in(path: &str) -> Option<String> {
    let after = |marker: &str| path.split_once(marker).map(|(_, rest)| rest);
    let model = match after("/deployments/") {
        Some(rest) => rest.split('/').next()?,
        None => after("/models/")?.split_once(':')?.0,
    };
    super::reader::name(model)
}
