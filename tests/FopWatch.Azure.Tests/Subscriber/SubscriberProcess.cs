using System.Diagnostics;
using FopWatch.Subscriber;

namespace FopWatch.Azure.Tests.Subscriber;

/// <summary>The example subscriber as its own process.</summary>
internal sealed class SubscriberProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task<string> _error;

    public SubscriberProcess(Dictionary<string, string?> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(JobEventSubscriber).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in (string[])["FOPWATCH_SERVICEBUS_NAMESPACE", "FOPWATCH_SERVICEBUS_CONNECTION", "FOPWATCH_API_KEY"])
            start.Environment.Remove(name);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _error = _process.StandardError.ReadToEndAsync(Cancelled);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>The next line of its standard output; null at the end.</summary>
    public async Task<string?> LineAsync() => await _process.StandardOutput.ReadLineAsync(Cancelled).AsTask().WaitAsync(Patience, Cancelled);

    /// <summary>Asks it to stop, and waits for its end.</summary>
    public async Task<(int Exit, string Error)> StopAsync()
    {
        using (var terminate = Process.Start("kill", ["-TERM", $"{_process.Id}"]))
            await terminate.WaitForExitAsync(Cancelled);
        return await EndAsync();
    }

    /// <summary>Waits for its end.</summary>
    public async Task<(int Exit, string Error)> EndAsync()
    {
        while (await LineAsync() is not null)
        {
        }

        await _process.WaitForExitAsync(Cancelled).WaitAsync(Patience, Cancelled);
        return (_process.ExitCode, (await _error).TrimEnd());
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }
}
