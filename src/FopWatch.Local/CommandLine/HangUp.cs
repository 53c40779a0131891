using System.Runtime.InteropServices;

namespace FopWatch.Local.CommandLine;

/// <summary>
/// What SIGHUP asks for: to read the settings again, as of other services, or to end, if it is sent because the terminal that the process was started in was
/// closed. A process that ignores the signal, as under <c>nohup</c>, is not told of it.
/// </summary>
internal static class HangUp
{
    /// <summary>The terminal that controls the process. It cannot be opened where there is none, or where it was closed.</summary>
    private const string ControllingTerminal = "/dev/tty";

    /// <summary>Answers the signal.</summary>
    /// <param name="reload">Reads the settings again.</param>
    /// <param name="end">Ends the process.</param>
    /// <returns>To be disposed of when the signal is to do what it does by default.</returns>
    public static IDisposable On(Action reload, Action end)
    {
        var hadTerminal = HasTerminal();
        return PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;

            // Windows has it for a console window that is closed alone.
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
