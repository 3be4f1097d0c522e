//! Gemini's `usageMetadata`.

use serde::Deserialize;

use super::count::Count;
use super::counts::Counts;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    prompt_token_count: Count,
    cached_content_token_count: Count,
    candidates_token_count: Count,
    thoughts_token_count: Count,
    tool_use_prompt_token_count: Count,
    total_token_count: Count,
    prompt_tokens_details: Option<Vec<Modality>>,
    candidates_tokens_details: Option<Vec<Modality>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Modality {
    modality: String,
    #[serde(default)]
    token_count: Count,
}

/// Reads the member; what the tools brought in counts as input, thoughts as output.
pub(super) fn read(json: &[u8]) -> Option<Counts> {
    // serde would also take the members' values as an array, in their order.
    if json.first() != Some(&b'{') {
        return None;
    }
    let metadata: Metadata = serde_json::from_slice(json).ok()?;
    let prompt = metadata.prompt_token_count.0?;
    let input = prompt.checked_add(metadata.tool_use_prompt_token_count.0.unwrap_or(0))?;
    let thoughts = metadata.thoughts_token_count.0;
    let total = metadata.total_token_count.0;
    let output = match metadata.candidates_token_count.0 {
        Some(candidates) => candidates.checked_add(thoughts.unwrap_or(0)),
        // A prompt that was refused has no candidates, and the member is left out.
        None => total.and_then(|total| total.checked_sub(input)),
    };
    let of = |details: &Option<Vec<Modality>>, name: &str| {
        let mut found = details.iter().flatten().filter(|it| it.modality == name);
        found.next().and_then(|it| it.token_count.0)
    };
    Some(Counts {
        input: Some(input),
        output,
        total,
        cached: metadata.cached_content_token_count.0,
        reasoning: thoughts,
        input_audio: of(&metadata.prompt_tokens_details, "AUDIO"),
        input_image: of(&metadata.prompt_tokens_details, "IMAGE"),
        output_audio: of(&metadata.candidates_tokens_details, "AUDIO"),
        output_image: of(&metadata.candidates_tokens_details, "IMAGE"),
        ..Counts::default()
    })
}
