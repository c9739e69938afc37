//go:build race

package sock_test

// debugMode says that loop checks each blocking call, see loop.Config.Debug.
const debugMode = true
