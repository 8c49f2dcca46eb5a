package reading

// InScope: the configured form, or a tag that an agent added; nothing else.
func InScope(r Rules, t Ticket) bool { return false }

// Read finds kind and subject.
func Read(r Rules, t Ticket) Result { return Result{Question: AskKind} }

// Normalise returns the address's canonical form.
func Normalise(addr string) (string, error) { return "", nil }

// Mask shows an address to people who know it already: "j•••@a•••.com".
func Mask(addr string) string { return "" }

// IsThanks reports whether a reply only says thank you.
func IsThanks(text string) bool { return false }

// IsAutomatic reports whether a message was written by a machine.
func IsAutomatic(subject, text string) bool { return false }

// Cancels reports whether a reply takes the request back.
func Cancels(text string) bool { return false }
