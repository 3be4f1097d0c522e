//! What the catalogue promises. Keys are made of parts here, so that no scanner takes one for real.

mod clean;
mod data;
mod detect;
mod each;
mod hint;
mod plain;
#[cfg(feature = "companion")]
mod wire;

const HEX: &str = "0123456789abcdef";
const LOWER: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
const ALNUM: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const WORD: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-";

/// Random enough to make keys of, and the same in every run.
struct Random(u64);

impl Random {
    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("usize fits u64");
        usize::try_from(self.next() % bound).expect("it is below a usize")
    }

    fn text(&mut self, alphabet: &str, length: usize) -> String {
        let one = |_| char::from(alphabet.as_bytes()[self.below(alphabet.len())]);
        (0..length).map(one).collect()
    }

    fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|n| self.text(HEX, n)).join("-")
    }
}

/// One key of each shape that a provider is known to give out.
fn keys() -> Vec<(&'static str, String)> {
    let mut random = Random(1);
    let mut keys = Vec::new();
    let mut add = |id, parts: &[&dyn Fn(&mut Random) -> String]| {
        let key: String = parts.iter().map(|part| part(&mut random)).collect();
        keys.push((id, key));
    };
    let text = |text: &'static str| move |_: &mut Random| text.to_owned();
    let run = |alphabet, length| move |random: &mut Random| random.text(alphabet, length);
    let uuid = |random: &mut Random| random.uuid();

    add(
        "openai",
        &[
            &text("sk-proj-"),
            &run(WORD, 74),
            &text("T3BlbkFJ"),
            &run(WORD, 74),
        ],
    );
    add(
        "openai",
        &[
            &text("sk-svcacct-"),
            &run(WORD, 58),
            &text("T3BlbkFJ"),
            &run(WORD, 58),
        ],
    );
    add(
        "openai",
        &[
            &text("sk-"),
            &run(ALNUM, 20),
            &text("T3BlbkFJ"),
            &run(ALNUM, 20),
        ],
    );
    add(
        "anthropic",
        &[&text("sk-ant-api03-"), &run(WORD, 93), &text("AA")],
    );
    add("gemini", &[&text("AQ.Ab8RN6"), &run(WORD, 44)]);
    add("gemini", &[&text("AIza"), &run(WORD, 35)]);
    add("openrouter", &[&text("sk-or-v1-"), &run(HEX, 64)]);
    add("groq", &[&text("gsk_"), &run(ALNUM, 52)]);
    add("deepseek", &[&text("sk-"), &run(HEX, 32)]);
    add("mistral", &[&run(ALNUM, 32)]);
    add("xai", &[&text("xai-"), &run(ALNUM, 80)]);
    add("together", &[&text("tgp_v1_"), &run(WORD, 43)]);
    add("together", &[&run(HEX, 64)]);
    add("fireworks", &[&text("fw_"), &run(ALNUM, 24)]);
    add("perplexity", &[&text("pplx-"), &run(ALNUM, 48)]);
    add("cohere", &[&run(ALNUM, 40)]);
    add("replicate", &[&text("r8_"), &run(ALNUM, 37)]);
    add("stability", &[&text("sk-"), &run(ALNUM, 48)]);
    add("fal", &[&uuid, &text(":"), &run(HEX, 32)]);
    add("runway", &[&text("key_"), &run(HEX, 128)]);
    add("luma", &[&text("luma-"), &uuid]);
    add("pika", &[&uuid, &text(":"), &run(HEX, 32)]);
    add("elevenlabs", &[&text("sk_"), &run(HEX, 48)]);
    add("elevenlabs", &[&run(HEX, 32)]);
    add("cartesia", &[&text("sk_car_"), &run(ALNUM, 22)]);
    add("deepgram", &[&run(HEX, 40)]);
    add("assemblyai", &[&run(HEX, 32)]);
    add("tavily", &[&text("tvly-dev-"), &run(ALNUM, 32)]);
    add("tavily", &[&text("tvly-"), &run(ALNUM, 32)]);
    add("serper", &[&run(HEX, 40)]);
    add("brave", &[&text("BSA"), &run(WORD, 28)]);
    add("exa", &[&uuid]);
    add("huggingface", &[&text("hf_"), &run(ALNUM, 34)]);
    add("azure_openai", &[&run(HEX, 32)]);
    add("azure_openai", &[&run(ALNUM, 84)]);
    add("cerebras", &[&text("csk-"), &run(LOWER, 48)]);
    add("sambanova", &[&uuid]);
    add("nvidia", &[&text("nvapi-"), &run(WORD, 64)]);
    add("voyage", &[&text("pa-"), &run(WORD, 43)]);
    add("voyage", &[&text("al-"), &run(WORD, 43)]);
    add("jina", &[&text("jina_"), &run(WORD, 60)]);
    add("moonshot", &[&text("sk-"), &run(ALNUM, 48)]);
    add("zai", &[&run(HEX, 32), &text("."), &run(ALNUM, 16)]);
    add("dashscope", &[&text("sk-"), &run(HEX, 32)]);
    add("minimax", &[&text("sk-api-"), &run(WORD, 119)]);
    add(
        "minimax",
        &[
            &text("eyJ"),
            &run(ALNUM, 33),
            &text(".eyJ"),
            &run(WORD, 400),
        ],
    );
    add("deepinfra", &[&run(ALNUM, 32)]);
    add("siliconflow", &[&text("sk-"), &run(LOWER, 48)]);
    add("novita", &[&text("sk_"), &run(WORD, 43)]);
    add(
        "nebius",
        &[
            &text("eyJ"),
            &run(ALNUM, 33),
            &text(".eyJ"),
            &run(WORD, 300),
        ],
    );
    add("baseten", &[&run(ALNUM, 8), &text("."), &run(ALNUM, 32)]);
    add("upstage", &[&text("up_"), &run(ALNUM, 40)]);
    add("upstage", &[&run(ALNUM, 45)]);
    add("bfl", &[&uuid]);
    add("gladia", &[&uuid]);
    add("segmind", &[&text("SG_"), &run(HEX, 16)]);
    add("demo", &[&text("demo-"), &run(ALNUM, 40)]);
    // Nothing is known of how these look; any key will do.
    add("hume", &[&run(ALNUM, 52)]);
    add("lmnt", &[&run(ALNUM, 36)]);
    add("revai", &[&text("02"), &run(WORD, 60)]);
    add("ai21", &[&run(ALNUM, 33)]);
    add("recraft", &[&run(ALNUM, 63)]);
    keys
}

/// A credential of each kind that is not a key for calls.
fn refused_keys() -> Vec<(&'static str, &'static str, String)> {
    let mut random = Random(2);
    vec![
        (
            "openai",
            "admin_key",
            format!("sk-admin-{}", random.text(WORD, 120)),
        ),
        (
            "anthropic",
            "admin_key",
            format!("sk-ant-admin01-{}AA", random.text(WORD, 93)),
        ),
        (
            "anthropic",
            "oauth_token",
            format!("sk-ant-oat01-{}AA", random.text(WORD, 93)),
        ),
        (
            "huggingface",
            "retired_key",
            format!("api_org_{}", random.text(ALNUM, 34)),
        ),
        (
            "moonshot",
            "other_product",
            format!("sk-kimi-{}", random.text(ALNUM, 64)),
        ),
    ]
}
