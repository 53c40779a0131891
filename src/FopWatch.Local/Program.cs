using FopWatch.Local.CommandLine;

return await Cli.RunAsync(args);
