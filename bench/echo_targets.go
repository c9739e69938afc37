package main

import "fmt"

// echoTargets lists them all. GOMAXPROCS is 1 where a target does not name it: with 2 on a machine
// of two cores the load generator competes with the server.
func echoTargets() []target {
	list := []target{
		cpuTarget(implCallback, peerGnet, "1x1", 1, 1.15),
		cpuTarget(implCallback, peerGnet, "100x1", 1, 0.90),
		cpuTarget(implCallback, peerGnet, "1000x1", 1, 0.90),
		cpuTarget(implCallback, peerGnet, "100x16", 1, 0.90),
		cpuTarget(implCallback, peerC, "100x1", 1, 1.10),
		cpuTarget(implCallback, peerC, "1000x1", 1, 1.10),
		cpuTarget(implCallback, peerC, "100x16", 1, 1.10),
		p99Target(implCallback, peerGnet, "1x1", 1.1),
		p99Target(implCallback, peerGnet, "100x1", 1.1),
		cpuTarget(implCallback, peerNet, "1x1", 1, 0.88),
		cpuTarget(implTask, peerNet, "1x1", 1, 0.88),
		cpuTarget(implTask, peerNet, "100x1", 1, 0.90),
		cpuTarget(implTask, peerNet, "1000x1", 1, 0.85),
		cpuTarget(implGoroutine, peerNet, "1x1", 1, 0.92),
		cpuTarget(implGoroutine, peerNet, "100x1", 1, 0.95),
		cpuTarget(implGoroutine, peerNet, "1000x1", 1, 0.95),
		cpuTarget(implGoroutine, peerNet, "100x1", 2, 0.92),
		cpuTarget(implGoroutine, peerNet, "1000x1", 2, 0.92),
		// With two processors these are what the experiment with a parked wait gave.
		cpuTarget(implCallback, peerNet, "1x1", 2, 0.48).as(about),
		cpuTarget(implCallback, peerNet, "100x1", 2, 0.78).as(about),
		cpuTarget(implCallback, peerNet, "1000x1", 2, 0.81).as(about),
		cpuTarget(implTask, peerNet, "1x1", 2, 0.47).as(about),
		cpuTarget(implTask, peerNet, "100x1", 2, 0.76).as(about),
		cpuTarget(implTask, peerNet, "1000x1", 2, 0.84).as(about),
		cpuTarget(implGoroutine, peerNet, "1x1", 2, 0.82).as(about),
	}
	for _, sc := range echoScenarios {
		for _, impl := range []string{implCallback, implTask, implGoroutine} {
			list = append(list, hogsTargets(sc, impl)...)
		}
	}
	return append(list,
		syscallsTarget(implCallback, "1x1", 0).as(noBound), // with one connection each message has its own wait
		syscallsTarget(implCallback, "100x1", 2.2),
		idleTarget(implCallback, 200),
		cpuTarget(implProtocol, peerGnet, "100x1", 1, 0.90),
		cpuTarget(implProtocol, peerGnet, "1000x1", 1, 0.90),
		cpuTarget(implProtocol, peerC, "100x1", 1, 1.10),
		cpuTarget(implProtocol, peerC, "1000x1", 1, 1.10),
		p99Target(implProtocol, peerGnet, "100x1", 1),
		p99Target(implProtocol, peerGnet, "1000x1", 1),
		cpuTarget(implProtocol, peerGnet, "100x16", 1, 0.90),
		cpuTarget(implProtocol, peerGnet, "50x1x16K", 1, 0.95),
		cpuTarget(implServerGo, implProtocol, "100x1", 1, 1.10),
		cpuTarget(implProtocol, peerGnet, "churn", 1, 1.02),
		cpuTarget(implProtocol, peerNet, "churn", 1, 0.85),
		heapTarget(implProtocol, 240),
		idleTarget(implProtocol, 240),
		idleTarget(implServerGo, 4500),
		timeoutTarget(implTask, "timeout-1x1", 1.03),
		timeoutTarget(implTask, "timeout-100x1", 1.03),
		timeoutTarget(implGoroutine, "timeout-1x1", 1.03),
		timeoutTarget(implGoroutine, "timeout-100x1", 1.03))
}

// hogsTargets are those of a mode beside goroutines that compute: at least package net's messages,
// at most its p99, and short waits where the goroutines yield. One processor with a goroutine that
// never yields is free only when the scheduler takes it away, each 10 ms, so this is no target
// there.
func hogsTargets(sc scenario, impl string) []target {
	if sc.Hogs == 0 {
		return nil
	}
	of := func(what string, b bound, limit float64, of func(compare) quartiles) target {
		return ratioTarget(fmt.Sprintf("%s, %s / %s, %s, GOMAXPROCS=%d", what, impl, peerNet, sc.Name, sc.Procs),
			limit, sc.Name, sc.Procs, impl, peerNet, of).as(b)
	}
	list := []target{
		of("rate", atLeast, 1, func(c compare) quartiles { return c.Rate }),
		of("p99", atMost, 1, func(c compare) quartiles { return c.P99 }),
	}
	switch {
	case sc.Busy && sc.Procs == 1:
		list[0], list[1] = list[0].as(noBound), list[1].as(noBound)
	case !sc.Busy && sc.Procs == 1:
		list = append(list, of("p50", atMost, 0.05, func(c compare) quartiles { return c.P50 }))
	}
	return list
}
