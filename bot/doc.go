// Package bot is the domain: what a privacy request is, which phases it goes
// through, and the engine that moves it. It knows no Zendesk, no Redis, no
// HTTP and no SQL; what it needs of the world are the interfaces Desk, Store,
// Queue, Directory, Spool, Keys and Reporter.
package bot
