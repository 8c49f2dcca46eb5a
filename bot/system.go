package bot

import (
	"time"

	"privacydesk/connectors"
)

// A request's part in each system, and the runs that do it.

// Stage is what the runs of a request are doing.
type Stage string

// Stages.
const (
	StageNone     Stage = ""
	StageLocate   Stage = "locate"
	StageRelocate Stage = "relocate" // once more, right before erasing
	StageRehearse Stage = "rehearse" // after approval, before erasing: tried and undone
	StageGather   Stage = "gather"
	StageErase    Stage = "erase"
	StageVerify   Stage = "verify"
	StageRescan   Stage = "rescan" // some time after the erasing
)

// System is one system's part in a request.
type System struct {
	Rank int     `json:"rank"` // order of erasing: lower first, equal side by side
	Run  Run     `json:"run"`
	Sets []Tally `json:"sets,omitempty"`
	// Rehearsed is when a rehearsal of its delete had last ended, since anything
	// made the request look again.
	Rehearsed time.Time `json:"rehearsed,omitzero"`
	// Begun is when the first erase of it started.
	Begun time.Time `json:"begun,omitzero"`
	// Changed is how many rows were erased so far, at least: what was committed
	// and recorded. How many it were is what Sets say once it is Verified.
	Changed int64 `json:"changed,omitempty"`
	// Verified is set once Sets has counts from after an erase.
	Verified bool     `json:"verified,omitempty"`
	Map      string   `json:"map,omitempty"`    // digest of the data map that was used
	Keys     string   `json:"keys,omitempty"`   // digest of the finding
	Skip     Reason   `json:"skip,omitempty"`   // why it was not searched
	Notes    []string `json:"notes,omitempty"`  // of the connector
	Keeps    []string `json:"keeps,omitempty"`  // of the connector: what its engine keeps of erased records
	Gather   string   `json:"gather,omitempty"` // spool name of the committed records
	// Rescans are the searches some time after the erasing, oldest first.
	Rescans []Rescan `json:"rescans,omitempty"`
	// Unreached is why it was never asked: nothing that it is searched by is
	// known.
	Unreached string `json:"unreached,omitempty"`
	// Searched names the identity types the last search knew, so that a
	// further one starts another.
	Searched string `json:"searched,omitempty"`
}

// Tally is what happened to one collection.
type Tally struct {
	Collection string            `json:"collection"`
	Action     connectors.Action `json:"action,omitempty"`
	Exception  string            `json:"exception,omitempty"`
	Before     connectors.Counts `json:"before"` // the last count before erasing began
	After      connectors.Counts `json:"after"`  // by verification
	Late       int64             `json:"late,omitempty"`
	Gathered   int64             `json:"gathered,omitempty"`
}

// RunState is the state of a system's run.
type RunState string

// States of a run.
const (
	RunIdle    RunState = ""
	RunQueued  RunState = "queued"  // may start
	RunRunning RunState = "running" // a worker holds its token
	RunWaiting RunState = "waiting" // until NextAt: a backoff or a vendor
	RunDone    RunState = "done"
	RunFailed  RunState = "failed" // gave up; a person must act
)

// Run is one stage's work in one system.
type Run struct {
	Stage   Stage     `json:"stage,omitempty"`
	State   RunState  `json:"state,omitempty"`
	Token   string    `json:"token,omitempty"`
	Attempt int       `json:"attempt,omitempty"`
	NextAt  time.Time `json:"next_at,omitzero"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	Fail    *Failure  `json:"fail,omitempty"`
}

// Failure is why a run failed, free of personal data.
type Failure struct {
	Kind connectors.ErrorKind `json:"kind"`
	What string               `json:"what"`
}
