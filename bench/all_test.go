package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// aReport has one figure of each kind.
func aReport(cpu, p99 float64) *fullReport {
	q := func(v float64) quartiles { return quartiles{Q1: v * 0.99, Median: v, Q3: v * 1.01, N: 7} }
	server := func(name string, cpu float64) *serverResult {
		return &serverResult{Name: name, CPU: q(cpu), Ratios: map[string]compare{peerGnet: {CPU: q(cpu / 10)}}, IdleBytes: q(200)}
	}
	return &fullReport{Parts: []partResult{
		{"echo", &report{suite: &echoSuite, Results: []result{{Scenario: scenario{Name: "100x1"}, Procs: 1,
			Servers: []*serverResult{server(implCallback, cpu), server(peerGnet, 10)}}}}},
		{"send", &contestReport{Name: "send", Contests: []*contest{{Name: "file", Text: "a file", Procs: 1, What: "CPU", Bases: []string{sendfileNet},
			Entrants: []*entrant{{Name: sendfileTask, Ratios: map[string]quartiles{sendfileNet: q(0.9)}}, {Name: sendfileNet}}}}}},
		{"neighbours", &neighbourReport{Streets: []*streetResult{{Traffic: traffics[0], Procs: 1,
			Cells: []*cell{{Neighbour: "net", Mode: "callback", ToNet: toNet{Rate: q(1), P99: q(p99)}}}}}}},
	}}
}

// A figure is worse if its quartiles do not meet those before and it moved by more than the noise.
func TestCompareFindsWhatIsWorse(t *testing.T) {
	before := aReport(8, 1)
	for _, test := range []struct {
		name string
		now  *fullReport
		want []string // a part of each line
	}{
		{"the same", aReport(8, 1), nil},
		{"within the noise", aReport(8.5, 1.05), nil},
		{"better", aReport(4, 0.5), nil},
		{"a server", aReport(9, 1), []string{"echo 100x1, GOMAXPROCS=1: CPU of pollux-callback / gnet: 0.90 [0.89-0.91], was 0.80"}},
		{"a neighbour", aReport(8, 1.2), []string{"neighbours one, GOMAXPROCS=1: p99 of net beside callback"}},
		{"both", aReport(9, 1.2), []string{"echo", "neighbours"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			worse := compareReports(before, test.now)
			if len(worse) != len(test.want) {
				t.Fatalf("%q, want %d lines", worse, len(test.want))
			}
			for i, want := range test.want {
				if !strings.Contains(worse[i], want) {
					t.Errorf("%q, want %q", worse[i], want)
				}
			}
		})
	}
	if worse := compareReports(new(fullReport), aReport(99, 99)); len(worse) != 0 {
		t.Errorf("figures that the old report lacks: %q", worse)
	}
}

// The page has each picture, and needs no other file.
func TestPageIsSelfContained(t *testing.T) {
	page, err := aReport(8, 1).page()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<svg", "CPU per message, GOMAXPROCS=1", "bench send: CPU in relation", "What a neighbour gets done"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, bad := range []string{"<link", "<script", "src=\"http"} {
		if bytes.Contains(page, []byte(bad)) {
			t.Errorf("the page has %q", bad)
		}
	}
}

// Each picture is a file, too.
func TestPictures(t *testing.T) {
	dir := t.TempDir()
	if err := writePictures(dir, aReport(8, 1).charts()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(dir + "/cpu-per-message-gomaxprocs-1.svg")
	if err != nil || !bytes.HasPrefix(b, []byte("<svg")) {
		t.Errorf("%.20q, %v", b, err)
	}
}

// What is left follows from how long the stages before took.
func TestLeftEstimates(t *testing.T) {
	stages := []part{{Planned: 4 * time.Minute}, {Planned: 2 * time.Minute}}
	if got := left(stages, 0, 0); got != 6*time.Minute {
		t.Errorf("at first %v, want 6m", got)
	}
	if got := left(stages[1:], 4*time.Minute, 8*time.Minute); got != 4*time.Minute {
		t.Errorf("on a machine of half the speed %v, want 4m", got)
	}
}

func TestReadReportRefusesOthers(t *testing.T) {
	dir := t.TempDir()
	if err := writeJSON(dir+"/echo.json", &report{}); err != nil {
		t.Fatal(err)
	}
	if _, err := readReport(dir + "/echo.json"); err == nil || !strings.Contains(err.Error(), "not the report.json of bench all") {
		t.Errorf("%v", err)
	}
	for _, file := range []string{"/echo.json", "/none.json"} {
		var stderr bytes.Buffer
		if status := run([]string{"all", "-out", dir, "-compare", dir + file}, io.Discard, &stderr); status != 2 || !strings.Contains(stderr.String(), "-compare") {
			t.Errorf("%s: status %d, want 2: 1 says that something is worse\n%s", file, status, &stderr)
		}
	}
	if err := writeJSON(dir+"/all.json", aReport(8, 1)); err != nil {
		t.Fatal(err)
	}
	r, err := readReport(dir + "/all.json")
	if err != nil || len(compareReports(r, aReport(9, 1))) != 1 {
		t.Errorf("%v, %v", r, err)
	}
}

// A report in several sittings has each part once, in the order of a report in one.
func TestPutKeepsOrder(t *testing.T) {
	r := aReport(8, 1)
	send, newer := r.Parts[1].Report, new(contestReport)
	r.put("timers", new(contestReport))
	r.put("echo", newer)
	var names []string
	for _, p := range r.Parts {
		names = append(names, p.Name)
	}
	if got := strings.Join(names, " "); got != "echo send timers neighbours" {
		t.Errorf("%s", got)
	}
	if r.Parts[0].Report != newer || r.Parts[1].Report != send {
		t.Error("echo is not the new one, or send not the one that was kept")
	}
}
