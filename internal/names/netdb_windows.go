package names

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

func servicesFile() string  { return etc("services") }
func protocolsFile() string { return etc("protocol") } // the name is protocol here, and not protocols
func hostsFile() string     { return etc("hosts") }

// etc returns the path of a file below %SystemRoot%\System32\drivers\etc. It returns "" if Windows
// does not report that directory.
func etc(name string) string {
	system32, err := windows.GetSystemDirectory()
	if err != nil {
		return ""
	}
	return filepath.Join(system32, "drivers", "etc", name)
}
