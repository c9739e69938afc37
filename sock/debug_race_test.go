//go:build race

package sock_test

// debugMode is true if the loop checks each blocking call, see loop.Config.Debug.
const debugMode = true
