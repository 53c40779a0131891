using System.Diagnostics;
using System.Text;

namespace FopWatch.Docs.Tests;

/// <summary>A started command: its output so far, and its end.</summary>
internal sealed class RunningCommand : IAsyncDisposable
{
    /// <summary>How long a command may take. No command takes a minute on an idle machine, but a busy or slow one may need many times as long.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly Task _read;

    public RunningCommand(ProcessStartInfo start)
    {
        _process = Process.Start(start)!;
        _process.StandardInput.Close();
        _read = Task.WhenAll(ReadAsync(_process.StandardOutput, _output), ReadAsync(_process.StandardError, _errors));
    }

    public string Output => TextOf(_output);

    public string Errors => TextOf(_errors);

    public bool HasExited => _process.HasExited;

    /// <summary>The exit code, once the command has ended and its output is complete; null after <see cref="Patience"/>.</summary>
    public async Task<int?> ExitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(_process.WaitForExitAsync(cancellationToken), _read).WaitAsync(Patience, cancellationToken);
            return _process.ExitCode;
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Waits until a condition holds, the command has ended, or <see cref="Patience"/> is over.</summary>
    /// <returns>Whether the condition holds.</returns>
    public async Task<bool> UntilAsync(Func<Task<bool>> holds, CancellationToken cancellationToken)
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < Patience;)
        {
            if (await holds())
                return true;
            if (HasExited)
                return false;
            await Task.Delay(100, cancellationToken);
        }

        return false;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task ReadAsync(StreamReader from, StringBuilder to)
    {
        var buffer = new char[4096];
        while (await from.ReadAsync(buffer) is > 0 and var count)
        {
            lock (to)
                to.Append(buffer, 0, count);
        }
    }

    private static string TextOf(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }
}
