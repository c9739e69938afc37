package main

import (
	"bytes"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// Each suite runs as a whole, and every server of each scenario is measured. One may be left out,
// and then the report says why.
func TestSuitesQuick(t *testing.T) {
	for _, name := range []string{"http", "netconn", "redis", "proxy"} {
		t.Run(name, func(t *testing.T) {
			s := suites[name]
			file := filepath.Join(t.TempDir(), "out.json")
			var stdout, stderr bytes.Buffer
			if status := run([]string{name, "-quick", "-procs", "1", "-json", file}, &stdout, &stderr); status != 0 {
				t.Fatalf("status %d\n%s\n%s", status, &stderr, &stdout)
			}
			r := suiteReport(t, file)
			if len(r.Results) != len(s.Scenarios) {
				t.Fatalf("%d scenarios, want %d", len(r.Results), len(s.Scenarios))
			}
			for i, res := range r.Results {
				for _, e := range s.Scenarios[i].entries(s.Impls) {
					got := res.server(e.Name)
					switch {
					case got == nil && strings.Contains(strings.Join(r.Notes, "\n"), e.Name+" was left out: "):
						t.Logf("%q", r.Notes)
					case got == nil:
						t.Errorf("%s: no %s", res.Scenario.Name, e.Name)
					case res.Scenario.Kind == kindIdle && got.IdleBytes.Median <= 0,
						res.Scenario.Kind != kindIdle && (got.CPU.Median <= 0 || answered(got) == 0):
						// On a busy machine all answers may come after the slice: the rate may be
						// 0.
						t.Errorf("%s: %s: %+v", res.Scenario.Name, e.Name, got)
					}
				}
			}
		})
	}
}

// answered returns the number of messages that a server has answered.
func answered(s *serverResult) (n float64) {
	for _, slice := range s.Slices {
		n += float64(slice.Messages)
	}
	return n
}

// A program that cannot be built is left out, and the report says why.
func TestCannotBuild(t *testing.T) {
	s := httpSuite
	s.Impls = []impl{{Name: "none", Package: "bench/testdata"}, {Name: implHTTPNet, Serve: serveHTTP(net.Listen)}}
	set := settings{Suite: &s, Impls: s.Impls}
	r := &session{settings: set, report: new(report), dir: t.TempDir()}
	if err := r.build(); err != nil {
		t.Fatal(err)
	}
	if len(r.settings.Impls) != 1 || len(r.report.Notes) != 1 || !strings.HasPrefix(r.report.Notes[0], "none was left out: it cannot be built here: go build: ") {
		t.Errorf("%d are left, notes %q", len(r.settings.Impls), r.report.Notes)
	}
}
