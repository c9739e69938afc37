package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSendQuick runs the whole command, with each sender of each case.
func TestSendQuick(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.json")
	var stdout, stderr bytes.Buffer
	if status := run([]string{"send", "-quick", "-json", file}, &stdout, &stderr); status != 0 {
		t.Fatalf("status %d\n%s\n%s", status, &stderr, &stdout)
	}
	for _, want := range []string{"file: a file of 1 GiB", "CPU/net-readfrom", "16x1K: messages", "CPU/net-buffers", "net-read-write", "<= 0.95 x"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the report has no %q:\n%s", want, &stdout)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r contestReport
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Contests) != 3 || len(r.Targets) != len(sendTargets()) || !strings.HasPrefix(r.Environment.Command, "bench send -quick") {
		t.Errorf("%d cases, %d targets, command %q", len(r.Contests), len(r.Targets), r.Environment.Command)
	}
	for _, res := range r.Contests {
		for _, s := range res.Entrants {
			if len(s.Costs) != 1 || s.Cost.Median <= 0 || s.Rate.Median <= 0 || s.Name != res.Bases[0] && s.Ratios[res.Bases[0]].N != 1 {
				t.Errorf("%s %s: %+v", res.Name, s.Name, s)
			}
		}
	}
	for _, v := range r.Targets {
		if v.Verdict == notMeasured {
			t.Errorf("%s: %s", v.Claim, v.Verdict)
		}
	}
}

// TestSendNotices has a sender fail, and others do well.
func TestSendNotices(t *testing.T) {
	cases := sendCases()[1:2]
	cases[0].Senders = []string{sendNetBuffers, "none"}
	cases[0].Amount = 10
	r, err := measureSend(t.Context(), sendSettings{Cases: cases, Procs: []int{1}, Cycles: 1, Place: placeFree}, new(bytes.Buffer))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Failures) != 1 || !strings.Contains(r.Failures[0], `unknown "none"`) || len(r.Contests[0].Entrants[0].Costs) != 1 {
		t.Errorf("failures %q, %+v", r.Failures, r.Contests[0].Entrants[0])
	}
}
