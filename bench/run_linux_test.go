package main

import (
	"bytes"
	"strings"
	"testing"
)

// runOK runs a command that has to end with 0, and checks that its report has some words.
func runOK(t *testing.T, args string, words ...string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if status := run(strings.Fields(args), &stdout, &stderr); status != 0 {
		t.Fatalf("status %d\n%s\n%s", status, &stderr, &stdout)
	}
	for _, want := range words {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the report has no %q:\n%s", want, &stdout)
		}
	}
}
