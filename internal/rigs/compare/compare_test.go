//go:build linux

package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// partInMachine is what the test runs in the rig's machine, which is slow: kinds that only it has,
// each with another end of a connect, of a full queue or of a shutdown. FAMILIES_COMPARE is another
// regular expression: "." runs everything.
const partInMachine = "^(sctp|sctp-many|vsock|tipc|tipc-seqpacket|tipc-rdm|rds|can-isotp) /"

// Every call of pollux behaves as the blocking call of the kernel, in each way to wait, but for
// what is meant.
func TestCompare(t *testing.T) {
	defer os.RemoveAll(folder)
	part := os.Getenv("FAMILIES_COMPARE")
	if part == "" && inMachine {
		part = partInMachine
	}
	var out strings.Builder
	ok, err := compare(&out, testing.Verbose(), regexp.MustCompile(part))
	t.Log(out.String())
	if err != nil || !ok {
		t.Errorf("%v: there are differences that nothing explains", err)
	}
}

// The program finds what differs, and what is explained without a reason to be.
func TestJudge(t *testing.T) {
	r := &row{kind: &kinds[0], operation: &receives[0], circumstance: &receiving[0], raw: "0", ours: map[string]string{}}
	for _, mode := range modes {
		r.ours[mode] = "0"
	}
	before := meant
	defer func() { meant = before }()
	meant = nil
	if !judge(new(strings.Builder), []*row{r}, false, true) {
		t.Error("no difference, and it fails")
	}
	r.ours["task"] = waits
	if judge(new(strings.Builder), []*row{r}, false, true) {
		t.Error("a difference, and it does not fail")
	}
	meant = []difference{{mode: "task", raw: "0", ours: waits}}
	if !judge(new(strings.Builder), []*row{r}, false, true) {
		t.Error("a difference that is meant, and it fails")
	}
	r.ours["task"] = "0"
	if judge(new(strings.Builder), []*row{r}, false, true) {
		t.Error("an entry without a difference, and it does not fail")
	}
}
