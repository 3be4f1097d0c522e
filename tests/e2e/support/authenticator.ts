import type { CDPSession, Frame, Page } from "@playwright/test";

/** A passkey authenticator of the browser's own making: nothing to touch, everything to set. */
export class Authenticator {
  private constructor(
    readonly session: CDPSession,
    readonly id: string,
  ) {}

  /** To a page, or to the frame of another site in one. */
  static async plug(to: Page | Frame, more: object = {}): Promise<Authenticator> {
    const page = "page" in to ? to.page() : to;
    const session = await page.context().newCDPSession(to);
    await session.send("WebAuthn.enable");
    const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        ctap2Version: "ctap2_1",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
        hasPrf: true,
        ...more,
      },
    });
    return new Authenticator(session, authenticatorId);
  }

  /** Whether the person shows a finger, a face or a PIN when asked. */
  async verifies(isUserVerified: boolean): Promise<void> {
    const { session, id: authenticatorId } = this;
    await session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
  }

  async credentials(): Promise<{ credentialId: string; signCount: number }[]> {
    const { credentials } = await this.session.send("WebAuthn.getCredentials", {
      authenticatorId: this.id,
    });
    return credentials;
  }

  /** The person deletes every passkey there. */
  async clear(): Promise<void> {
    await this.session.send("WebAuthn.clearCredentials", { authenticatorId: this.id });
  }

  async unplug(): Promise<void> {
    await this.session.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId: this.id });
  }
}
