package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEchoQuick runs the whole command, with real servers, and each kind of scenario.
func TestEchoQuick(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.json")
	args := []string{"echo", "-quick", "-impls", "net,gnet,net", "-scenarios", "1x1,100x16,churn,idle,hogs,timeout-100x1",
		"-procs", "1", "-json", file}
	var stdout, stderr bytes.Buffer
	if status := run(args, &stdout, &stderr); status != 0 {
		t.Fatalf("status %d\n%s\n%s", status, &stderr, &stdout)
	}
	for _, want := range []string{"100x16: 100 connections", "net#2", "net+timeout", "B/connection", notMeasured} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the report has no %q:\n%s", want, &stdout)
		}
	}
	if !strings.Contains(stderr.String(), "GOMAXPROCS=1 churn\n") {
		t.Errorf("no progress without a terminal: %q", &stderr)
	}
	r := suiteReport(t, file)
	if len(r.Results) != 6 || !strings.HasPrefix(r.Environment.Command, "bench echo -quick") {
		t.Errorf("%d scenarios, command %q", len(r.Results), r.Environment.Command)
	}
	for _, res := range r.Results {
		for _, s := range res.Servers {
			if res.Scenario.Kind == kindIdle {
				if s.IdleBytes.Median <= 0 {
					t.Errorf("idle %s: %+v", s.Name, s.Idle)
				}
			} else if len(s.Slices) != 1 || s.Slices[0].Messages == 0 || s.CPU.Median <= 0 || s.Latency.P50 <= 0 {
				t.Errorf("%s %s: %+v", res.Scenario.Name, s.Name, s)
			}
		}
	}
}

// suiteReport reads what a suite with -json wrote.
func suiteReport(t *testing.T, file string) (r report) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}
