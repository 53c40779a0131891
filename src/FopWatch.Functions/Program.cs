using FopWatch.Api;
using FopWatch.Functions;
using FopWatch.Settings;
using Microsoft.Extensions.Hosting;

ThreadReserve.Ensure();
IHost? app = null;
try
{
    app = Composition.Build(args);
    await app.StartAsync();
}
catch (Exception e)
{
    // The Functions host shows the worker's output.
    await Console.Error.WriteLineAsync(e is SettingsException ? e.Message : Composition.ObstaclesOf(e)[0].Detail);
    app?.Dispose();
    app = Composition.BuildInItsPlace(args, e);
    await app.StartAsync();
}

await app.WaitForShutdownAsync();
app.Dispose();
