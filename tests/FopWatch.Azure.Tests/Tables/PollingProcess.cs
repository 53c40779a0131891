using System.Diagnostics;
using System.Globalization;

namespace FopWatch.Azure.Tests.Tables;

/// <summary><see cref="PollUntilKilled"/> as seen by the test that starts it.</summary>
internal sealed class PollingProcess : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<long> _polls = [];
    private readonly Process _process;
    private readonly Task _reading;
    private int _requests;

    public PollingProcess(string connection, string table)
    {
        var host = Environment.ProcessPath!;
        var start = new ProcessStartInfo(host) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(host) == "dotnet")
            start.ArgumentList.Add(typeof(PollUntilKilled).Assembly.Location);
        start.ArgumentList.Add(PollUntilKilled.Argument);
        start.ArgumentList.Add(table);
        start.Environment[PollUntilKilled.Connection] = connection;
        _process = Process.Start(start)!;
        _reading = ReadAsync();
    }

    /// <summary>The times of its polls, by the clock shared by all processes of the machine.</summary>
    public IReadOnlyList<long> Polls
    {
        get
        {
            lock (_lock)
                return [.. _polls];
        }
    }

    /// <summary>The number of its storage requests by its last poll.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Its rate in the last seconds.</summary>
    public double PerSecond()
    {
        var seconds = TimeSpan.FromSeconds(4);
        return Polls.Count(at => TimeProvider.System.GetElapsedTime(at) < seconds) / seconds.TotalSeconds;
    }

    /// <summary>Ends it like <c>kill -9</c>.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        await _reading;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            // The kill may have truncated the last one.
            if (line.Split(' ') is not [var at, var requests]
                || !long.TryParse(at, CultureInfo.InvariantCulture, out var timestamp)
                || !int.TryParse(requests, CultureInfo.InvariantCulture, out var count))
            {
                continue;
            }

            lock (_lock)
                _polls.Add(timestamp);
            Volatile.Write(ref _requests, count);
        }
    }
}
