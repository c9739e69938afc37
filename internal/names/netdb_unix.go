//go:build unix

package names

func servicesFile() string  { return "/etc/services" }
func protocolsFile() string { return "/etc/protocols" }
func hostsFile() string     { return "/etc/hosts" }
