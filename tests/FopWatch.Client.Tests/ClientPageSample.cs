using FopWatch.Contracts;

namespace FopWatch.Client.Tests;

/// <summary>The C# program in docs/clients.md.</summary>
internal static class ClientPageSample
{
    public static async Task RunAsync(string[] args)
    {
        using var fopWatch = new FopWatchClient(new()
        {
            Url = new(Environment.GetEnvironmentVariable("FOPWATCH_URL") ?? "http://127.0.0.1:7071"),
            ApiKey = Environment.GetEnvironmentVariable("FOPWATCH_API_KEY"),
        });
        switch (args)
        {
            case ["register", var source, .. { Length: > 0 } ids]:
                foreach (var result in await fopWatch.RegisterManyAsync([.. ids.Select(id => new JobRegistration { Source = source, Id = id })]))
                    Console.WriteLine(result.Job?.Id ?? string.Join(' ', result.Errors.Select(error => error.Detail)));
                break;
            case ["wait", var source, var id]:
                Console.WriteLine((await fopWatch.WaitAsync(source, id)).State);
                break;
            case ["list", var text] when Enum.TryParse<JobState>(text, ignoreCase: true, out var state):
                await foreach (var job in fopWatch.ListAsync(new() { States = [state] }))
                    Console.WriteLine($"{job.Id} {job.State}");
                break;
            case ["follow", var file]:
                await foreach (var item in fopWatch.EventsAsync(File.Exists(file) ? File.ReadAllText(file) : "0"))
                {
                    if (item is EventReceived { Event.Data: var job })
                        Console.WriteLine($"{job.Id} {job.State} {job.Version}");
                    if (item.Cursor is not null)
                        File.WriteAllText(file, item.Cursor);
                }

                break;
            default:
                Console.Error.WriteLine("usage: register SOURCE ID... | wait SOURCE ID | list STATE | follow FILE");
                Environment.ExitCode = 2;
                break;
        }
    }
}
