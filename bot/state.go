package bot

// State is what people read of a request: derived from phase, wait and
// resolution, never stored.
type State string

// States.
const (
	StateReceived         State = "received"
	StateNeedsInfo        State = "needs_info"
	StateAwaitingApproval State = "awaiting_approval"
	StateWaiting          State = "waiting" // for a time, a system, another request
	StateHeld             State = "held"    // a person must look
	StateRunning          State = "running"
)

// State derives what people read.
func (c Case) State() State {
	if c.Phase == PhaseDone || c.Phase == PhaseForgotten {
		return State(c.Resolution)
	}
	if c.Wait != nil {
		switch c.Wait.On {
		case OnRequester:
			return StateNeedsInfo
		case OnApprover:
			return StateAwaitingApproval
		case OnAgent:
			return StateHeld
		case OnTime, OnRequest, OnSystem, OnVendor, OnPerson:
			return StateWaiting
		}
	}
	if c.Phase == PhaseReading {
		return StateReceived
	}
	return StateRunning
}

// Why is the reason that goes with State: of the wait, or of the end.
func (c Case) Why() Reason {
	if c.Wait != nil && c.Phase != PhaseDone && c.Phase != PhaseForgotten {
		return c.Wait.Reason
	}
	return c.Reason
}
