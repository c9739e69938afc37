package main

import "testing"

// TestScaleQuick runs the whole suite.
func TestScaleQuick(t *testing.T) {
	runOK(t, "scale -quick", "pollux-protocol-x2", "net-x1", "rate/fewest loops", "generator's cores", ">= 1.6 x")
}

// The servers of a scenario with loops are in the race once for each number, and compared with the
// fewest.
func TestEntriesOfLoops(t *testing.T) {
	list := scaleSuite.Scenarios[0].entries(scaleSuite.Impls[:1])
	if len(list) != 2 || list[0].Name != "pollux-protocol-x1" || list[0].Procs != 1 || list[0].Base != "" ||
		list[1].Name != "pollux-protocol-x2" || list[1].Procs != 2 || list[1].Base != list[0].Name || list[1].Work != 10_000 {
		t.Errorf("%+v", list)
	}
}
