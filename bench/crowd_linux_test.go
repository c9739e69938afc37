package main

import (
	"os"
	"strconv"
	"testing"
)

// TestCrowdQuick runs the whole part.
func TestCrowdQuick(t *testing.T) {
	runOK(t, "crowd -quick", "crowd: 500 connections", "pollux-server-go", "memory/net", "rate last/first",
		"accept rate at the end of the crowd / at its beginning, pollux-protocol")
}

// TestCrowdOfMany is for a machine with a high limit of open files, such as that of internal/rigs,
// which README.md has the command for.
func TestCrowdOfMany(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("BENCH_CROWD"))
	if n == 0 {
		t.Skip("BENCH_CROWD is not set to a number of connections")
	}
	limit, err := openFiles()
	if err != nil {
		t.Fatal(err)
	}
	if limit < n+spareFiles {
		t.Fatalf("%d connections need as many open files, the limit is %d", n, limit)
	}
	r, err := measureCrowd(t.Context(), crowdSettings{Impls: []string{implProtocol}, Conns: n, Runs: 1}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.write(os.Stdout); err != nil {
		t.Fatal(err)
	}
	if failed := r.about().Failures; len(failed) > 0 {
		t.Error(failed)
	}
}
