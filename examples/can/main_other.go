//go:build !linux

package main

import (
	"log"
	"runtime"
)

func main() { log.Fatalf("pollux has AF_CAN on Linux only, and this is %s", runtime.GOOS) }
