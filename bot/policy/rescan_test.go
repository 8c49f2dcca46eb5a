package policy_test

import (
	"testing"
	"time"

	"privacydesk/bot/policy"
)

func TestRescanTimes(t *testing.T) {
	erased := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	r := policy.Rescan{When: policy.RescanBefore, At: []time.Duration{24 * time.Hour, 72 * time.Hour}}
	if got := r.Times(policy.RescanBefore, erased); len(got) != 2 || !got[0].Equal(erased.Add(24*time.Hour)) || !got[1].Equal(erased.Add(72*time.Hour)) {
		t.Errorf("got %v", got)
	}
	if got := r.Times(policy.RescanAfter, erased); got != nil {
		t.Errorf("searched after Resolved, too: %v", got)
	}
	if got := r.Times(policy.RescanBefore, time.Time{}); got != nil {
		t.Errorf("searched without an erasing: %v", got)
	}
	if got := (policy.Rescan{When: policy.RescanNever, At: r.At}).Times(policy.RescanNever, time.Time{}); got != nil {
		t.Errorf("got %v", got)
	}
}

func TestRescanRefusesWhatCantBeMeant(t *testing.T) {
	for _, at := range [][]time.Duration{{0}, {-time.Hour}, {time.Hour, time.Hour}} {
		if err := (policy.Rescan{When: policy.RescanAfter, At: at}).Validate(); err == nil {
			t.Errorf("%v is accepted", at)
		}
	}
	if err := (policy.Rescan{When: policy.RescanNever}).Validate(); err != nil {
		t.Error(err)
	}
}
