//! The members of answers that are looked at, by where they stand. Everything else is passed over.

/// A member that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// The model that answered.
    Model,
    /// The service tier that answered.
    Tier,
    /// The kind of a stream's event.
    Type,
    /// Counts in the shapes of OpenAI, Anthropic, Cohere and those who follow them.
    Usage,
    /// The counts with which an Anthropic stream begins: of the output they know nothing yet.
    StartUsage,
    /// Gemini's counts.
    GeminiUsage,
    /// That a candidate of Gemini has come to its end.
    Finish,
    /// How many things there are: images, in an answer of images.
    Things,
    /// How long the audio is, in seconds.
    Duration,
    /// What it cost, in dollars.
    Cost,
}

/// What is done with a value.
#[derive(Clone, Copy)]
pub(super) enum Take {
    /// Looked into.
    Nothing,
    /// Kept whole.
    Value(Field),
    /// Its elements are counted.
    Count(Field),
}

/// A place in a JSON text. Below an array the one name is `*`.
pub(super) struct Node {
    pub name: &'static str,
    pub take: Take,
    pub below: &'static [Node],
}

const fn value(name: &'static str, field: Field) -> Node {
    Node {
        name,
        take: Take::Value(field),
        below: &[],
    }
}

const fn count(name: &'static str, field: Field) -> Node {
    Node {
        name,
        take: Take::Count(field),
        below: &[],
    }
}

const fn within(name: &'static str, below: &'static [Node]) -> Node {
    Node {
        name,
        take: Take::Nothing,
        below,
    }
}

/// One answer, or one event of a stream.
pub(super) static ANSWER: Node = within(
    "*",
    &[
        value("type", Field::Type),
        value("model", Field::Model),
        value("modelVersion", Field::Model),
        value("service_tier", Field::Tier),
        value("usage", Field::Usage),
        value("usageMetadata", Field::GeminiUsage),
        // Cohere, version 1, and its embeddings and rerankings.
        value("meta", Field::Usage),
        within("x_groq", &[value("usage", Field::Usage)]),
        within("delta", &[value("usage", Field::Usage)]),
        within(
            "message",
            &[
                value("model", Field::Model),
                value("usage", Field::StartUsage),
            ],
        ),
        within(
            "response",
            &[
                value("model", Field::Model),
                value("service_tier", Field::Tier),
                value("usage", Field::Usage),
                value("meta", Field::Usage),
            ],
        ),
        // Moonshot streams its counts here.
        within("choices", &[within("*", &[value("usage", Field::Usage)])]),
        within(
            "candidates",
            &[within("*", &[value("finishReason", Field::Finish)])],
        ),
        within("promptFeedback", &[value("blockReason", Field::Finish)]),
        count("data", Field::Things),
        count("predictions", Field::Things),
        value("duration", Field::Duration),
        within("metadata", &[value("duration", Field::Duration)]),
        within("costDollars", &[value("total", Field::Cost)]),
    ],
);

/// A stream of answers may come as one array of them.
pub(super) static ANSWERS: Node = Node {
    name: "",
    take: Take::Nothing,
    below: std::slice::from_ref(&ANSWER),
};
