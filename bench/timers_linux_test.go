package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestTimersQuick runs the whole part.
func TestTimersQuick(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.json")
	runOK(t, "timers -quick -json "+file, "CPU/time.Timer", "late p99 us", "timers that expired early, pollux-loop")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r contestReport
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	for _, e := range r.Contests[0].Entrants {
		if len(e.Costs) != 1 || e.Cost.Median <= 0 || len(e.More) != 5 || e.More[1].Value != 0 {
			t.Errorf("%+v; want one cost, and no early timer", e)
		}
	}
}

// An early timer is a target that is missed.
func TestEarlyTimerIsMissed(t *testing.T) {
	h := newHistogram()
	h.RecordValue(int64(time.Millisecond))
	if f := latenessOf(h, 1); f[0].Value != 1 || f[1].Value < 999 || f[1].Value > 1001 {
		t.Errorf("%+v", f)
	}
	early := target{Claim: "timers that expired early", Bound: atMost}
	for n, want := range []string{met, notMet} {
		if got := early.judge(quartilesOf([]float64{float64(n)})).Verdict; got != want {
			t.Errorf("%d early: %s, want %s", n, got, want)
		}
	}
}
