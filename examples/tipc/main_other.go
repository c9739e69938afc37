//go:build !linux

package main

import (
	"log"
	"runtime"
)

func main() { log.Fatalf("AF_TIPC is on Linux only, and this is %s", runtime.GOOS) }
