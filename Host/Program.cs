using Portico.Host.CommandLine;

return await PorticoCommands.Run(args);
