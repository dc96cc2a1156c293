// A virtual authenticator (Chrome DevTools Protocol, domain WebAuthn) in one page: a platform one with resident keys and user verification.

/** @typedef {import("playwright-core").Page} Page */

/** The device's authenticator, as one page sees it. */
export class Authenticator {
  /**
   * @param {import("playwright-core").CDPSession} session
   * @param {string} id
   */
  constructor(session, id) {
    this.session = session;
    this.id = id;
  }

  /**
   * @param {Page} page
   * @param {{ present?: boolean }} [options] whether the person touches it at once whenever it is asked
   */
  static async plug(page, { present = true } = {}) {
    const session = await page.context().newCDPSession(page);
    await session.send("WebAuthn.enable");
    const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: present,
        defaultBackupEligibility: true,
        defaultBackupState: true,
      },
    });
    return new Authenticator(session, authenticatorId);
  }

  /** The passkeys it holds. */
  async credentials() {
    const { credentials } = await this.session.send("WebAuthn.getCredentials", { authenticatorId: this.id });
    return credentials;
  }

  /**
   * Puts a passkey of another page's authenticator into this one: the same device, another tab.
   * @param {Awaited<ReturnType<Authenticator["credentials"]>>[number]} credential
   */
  async hold(credential) {
    await this.session.send("WebAuthn.addCredential", { authenticatorId: this.id, credential });
  }

  /** Whether the person's finger, face or PIN is right from now on. @param {boolean} right */
  async verifies(right) {
    await this.session.send("WebAuthn.setUserVerified", { authenticatorId: this.id, isUserVerified: right });
  }

  /** Whether the person is there from now on. @param {boolean} there */
  async present(there) {
    await this.session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId: this.id, enabled: there });
  }
}
