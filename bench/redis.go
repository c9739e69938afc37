package main

import (
	"fmt"
	"strings"
	"time"
)

// The servers of "bench redis". All have one event loop, and the same store with its commands.
const (
	implRedisCallback = "pollux-callback" // examples/redis
	implRedisTask     = "pollux-task"
)

var redisSuite = suite{
	Name:  "redis",
	About: "Redis: CPU per command of examples/redis, in callbacks and in tasks, beside the same commands on gnet",
	Order: 60,
	Impls: []impl{
		{Name: implRedisCallback, Package: "examples/redis", Args: []string{"callback", "127.0.0.1:0"}},
		{Name: implRedisTask, Package: "examples/redis", Args: []string{"task", "127.0.0.1:0"}},
		{Name: peerGnet, Serve: serveGnetRedis},
	},
	Scenarios: []scenario{redisScenario("get", 1), redisScenario("set", 1), redisScenario("get", 16), redisScenario("set", 16)},
	Peers:     []string{peerGnet},
	Targets: func() (list []target) {
		for _, sc := range []string{"get-50x1", "set-50x1", "get-50x16", "set-50x16"} {
			list = append(list, cpuTarget(implRedisCallback, peerGnet, sc, 1, 0.80), cpuTarget(implRedisTask, peerGnet, sc, 1, 0.80))
		}
		return list
	},
	Charts:  exchangeCharts("Redis, 50 connections", []int{1}, "get-50x1", "set-50x1", "get-50x16", "set-50x16"),
	Planned: 10 * time.Second,
	Procs:   []int{1},
	Cycles:  7,
}

func init() { addSuite(&redisSuite) }

// redisScenario sets or gets a key with a value of 64 bytes.
func redisScenario(command string, depth int) scenario {
	value := strings.Repeat("v", 64)
	set := fmt.Sprintf("*3\r\n$3\r\nSET\r\n$7\r\nkey:001\r\n$64\r\n%s\r\n", value)
	e := exchange{Request: set, Begin: "+OK\r\n", End: "+OK\r\n"}
	if command == "get" {
		answer := "$64\r\n" + value + "\r\n"
		e = exchange{Prime: set, PrimeEnd: "+OK\r\n", Request: "*2\r\n$3\r\nGET\r\n$7\r\nkey:001\r\n", Begin: answer, End: answer}
	}
	return scenario{Name: fmt.Sprintf("%s-50x%d", command, depth),
		Text: fmt.Sprintf("%s of 64 B, 50 connections, %d commands pipelined on each", strings.ToUpper(command), depth),
		Kind: kindExchange, Unit: "command", Conns: 50, Depth: depth, Often: 2, Exchange: e}
}
