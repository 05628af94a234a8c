using System.Runtime.Versioning;
using Portico.Host.CommandLine;

[assembly: SupportedOSPlatform("linux")]

return await PorticoCommands.Run(args);
