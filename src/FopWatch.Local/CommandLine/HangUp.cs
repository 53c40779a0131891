using System.Runtime.InteropServices;

namespace FopWatch.Local.CommandLine;

/// <summary>
/// Handles SIGHUP. It reloads the settings, as in other services, unless the terminal in which the process was started has been closed: then it ends the
/// process. A process that ignores the signal, as under <c>nohup</c>, does not receive it.
/// </summary>
internal static class HangUp
{
    /// <summary>The controlling terminal of the process. It cannot be opened if there is none or if it was closed.</summary>
    private const string ControllingTerminal = "/dev/tty";

    /// <summary>Handles the signal until the result is disposed of.</summary>
    /// <param name="reload">Reloads the settings.</param>
    /// <param name="end">Ends the process.</param>
    public static IDisposable On(Action reload, Action end)
    {
        var hadTerminal = HasTerminal();
        return PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;

            // Windows raises it only when the console window is closed.
            if (OperatingSystem.IsWindows() || (hadTerminal && !HasTerminal()))
                end();
            else
                reload();
        });
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
