//! The device's own key: a non-extractable AES-GCM `CryptoKey` (Web Cryptography API section 27)
//! in IndexedDB, one a vault.

use js_sys::{Array, ArrayBuffer, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CryptoKey, IdbDatabase, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransactionMode,
};
use zeroize::Zeroizing;

use super::one_time::{object, subtle};
use crate::envelope::random;
use crate::vault::slot::{DEVICE_IV_BYTES, DeviceSecret};

const DATABASE: &str = "keyseal";
const KEYS: &str = "device-keys";

/// The device key of a vault.
pub(super) struct DeviceKey(CryptoKey);

impl DeviceKey {
    /// Makes and stores a key, and reads it back: some browsers lose what they said they stored.
    pub(super) async fn create(vault: &str) -> Result<Self, JsValue> {
        let algorithm = object(&[("name", "AES-GCM".into()), ("length", 256.into())])?;
        let usages = Array::of2(&"encrypt".into(), &"decrypt".into());
        let key =
            JsFuture::from(subtle()?.generate_key_with_object(&algorithm, false, &usages)?).await?;
        let database = open().await?;
        let keys = store(&database, IdbTransactionMode::Readwrite)?;
        settled(&keys.put_with_key(&key, &vault.into())?).await?;
        database.close();
        Self::load(vault).await?.ok_or(JsValue::NULL)
    }

    /// The key of a vault, if this browser still has it.
    pub(super) async fn load(vault: &str) -> Result<Option<Self>, JsValue> {
        let database = open().await?;
        let keys = store(&database, IdbTransactionMode::Readonly)?;
        let found = settled(&keys.get(&vault.into())?).await?;
        database.close();
        Ok(found.dyn_into::<CryptoKey>().ok().map(Self))
    }

    /// Forgets the key of a vault.
    pub(super) async fn delete(vault: &str) -> Result<(), JsValue> {
        let database = open().await?;
        let keys = store(&database, IdbTransactionMode::Readwrite)?;
        settled(&keys.delete(&vault.into())?).await?;
        database.close();
        Ok(())
    }

    /// Encrypts the secret of a slot, and checks that it comes back.
    pub(super) async fn seal(&self, vault: &str, secret: &[u8]) -> Result<DeviceSecret, JsValue> {
        let iv: [u8; DEVICE_IV_BYTES] = random().map_err(|_| JsValue::NULL)?;
        let plain = Uint8Array::from(secret);
        let sealed = subtle()?.encrypt_with_object_and_js_u8_array(
            &parameters(vault, &iv)?,
            &self.0,
            &plain,
        )?;
        let sealed = JsFuture::from(sealed).await;
        plain.fill(0, 0, plain.length());
        let ciphertext = Uint8Array::new(&sealed?).to_vec();
        let secret_back = self
            .open(
                vault,
                &DeviceSecret {
                    iv,
                    ciphertext: ciphertext.clone(),
                },
            )
            .await?;
        if secret_back.as_slice() == secret {
            Ok(DeviceSecret { iv, ciphertext })
        } else {
            Err(JsValue::NULL)
        }
    }

    /// Decrypts the secret of a slot.
    pub(super) async fn open(
        &self,
        vault: &str,
        sealed: &DeviceSecret,
    ) -> Result<Zeroizing<Vec<u8>>, JsValue> {
        let plain = subtle()?.decrypt_with_object_and_u8_array(
            &parameters(vault, &sealed.iv)?,
            &self.0,
            &sealed.ciphertext,
        )?;
        let buffer: ArrayBuffer = JsFuture::from(plain).await?.dyn_into()?;
        let bytes = Uint8Array::new(&buffer);
        let secret = Zeroizing::new(bytes.to_vec());
        bytes.fill(0, 0, bytes.length());
        Ok(secret)
    }
}

/// AES-GCM parameters; the vault's id is associated, so that a secret fits its vault alone.
fn parameters(vault: &str, iv: &[u8]) -> Result<Object, JsValue> {
    object(&[
        ("name", "AES-GCM".into()),
        ("iv", Uint8Array::from(iv).into()),
        ("additionalData", Uint8Array::from(vault.as_bytes()).into()),
    ])
}

async fn open() -> Result<IdbDatabase, JsValue> {
    let factory = web_sys::window()
        .ok_or(JsValue::NULL)?
        .indexed_db()?
        .ok_or(JsValue::NULL)?;
    let request: IdbOpenDbRequest = factory.open_with_u32(DATABASE, 1)?;
    let upgraded = request.clone();
    let upgrade = Closure::once_into_js(move || {
        if let Ok(database) = upgraded.result() {
            let _ = database
                .unchecked_into::<IdbDatabase>()
                .create_object_store(KEYS);
        }
    });
    request.set_onupgradeneeded(Some(upgrade.unchecked_ref()));
    settled(&request).await?.dyn_into()
}

fn store(database: &IdbDatabase, mode: IdbTransactionMode) -> Result<IdbObjectStore, JsValue> {
    database
        .transaction_with_str_and_mode(KEYS, mode)?
        .object_store(KEYS)
}

/// The request's result, once it is there.
async fn settled(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(promise).await.map_err(|_| JsValue::NULL)?;
    request.result()
}
