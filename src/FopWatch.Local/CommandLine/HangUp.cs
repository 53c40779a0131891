using System.Runtime.InteropServices;

namespace FopWatch.Local.CommandLine;

/// <summary>
/// Handles SIGHUP. It reloads the settings, as in other services, unless the terminal in which the process was started has been closed, or is closed soon after:
/// then it ends the process. A process that ignores the signal, as under <c>nohup</c>, does not receive it.
/// </summary>
internal sealed class HangUp : IDisposable
{
    /// <summary>The controlling terminal of the process. It cannot be opened if there is none or if it was closed.</summary>
    private const string ControllingTerminal = "/dev/tty";

    // Some shells, such as zsh, send the signal to their jobs just before they end and the terminal closes.
    private static readonly TimeSpan ClosesWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly Action _reload;
    private readonly Action _end;
    private readonly bool _hadTerminal = HasTerminal();
    private bool _isOver;

    private HangUp(Action reload, Action end) => (_reload, _end) = (reload, end);

    /// <summary>Handles the signal. After the result is disposed of, the signal has no effect, so that it cannot kill a process that is about to exit.</summary>
    /// <param name="reload">Reloads the settings.</param>
    /// <param name="end">Ends the process.</param>
    public static IDisposable On(Action reload, Action end)
    {
        var hangUp = new HangUp(reload, end);
        var registration = PosixSignalRegistration.Create(PosixSignal.SIGHUP, hangUp.Handle);

        // A collected registration would give the signal its default effect.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => GC.KeepAlive(registration);
        return hangUp;
    }

    public void Dispose()
    {
        lock (_lock)
            _isOver = true;
    }

    private void Handle(PosixSignalContext signal)
    {
        signal.Cancel = true;

        // Windows raises it only when the console window is closed.
        if (OperatingSystem.IsWindows() || (_hadTerminal && !HasTerminal()))
        {
            Do(_end);
            return;
        }

        Do(_reload);
        if (_hadTerminal)
            _ = EndWithTerminalAsync();
    }

    private async Task EndWithTerminalAsync()
    {
        for (var waited = TimeSpan.Zero; waited < ClosesWithin; waited += LookEvery)
        {
            await Task.Delay(LookEvery);
            if (HasTerminal())
                continue;
            Do(_end);
            return;
        }
    }

    private void Do(Action action)
    {
        lock (_lock)
        {
            if (!_isOver)
                action();
        }
    }

    private static bool HasTerminal()
    {
        try
        {
            using var terminal = File.OpenHandle(ControllingTerminal, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
