using System.Runtime.InteropServices;

namespace FopWatch;

/// <summary>
/// Tells regular files from what else has a path. To open a named pipe waits until somebody writes to it, and a device may never end, so whoever is given a
/// path asks here before the file is opened.
/// </summary>
public static class FileKind
{
    // As the runtime's own library has them on every Unix.
    private const int Mask = 0xF000;
    private const int Pipe = 0x1000;
    private const int CharacterDevice = 0x2000;
    private const int Folder = 0x4000;
    private const int BlockDevice = 0x6000;
    private const int Socket = 0xC000;

    // Its members are the flags, the mode, and what nobody asks for here.
    private const int StatusInts = 64;

    private static readonly string[] Inherited = ["/dev/fd/", "/proc/self/fd/", "/dev/stdin"];

    /// <summary>What a path is other than a regular file, in words such as "a folder"; null if it is one, if nothing is there, or if that is not known.</summary>
    /// <param name="path">The path; links are followed.</param>
    public static string? OtherThanFile(string path) => Directory.Exists(path) ? "a folder" : OperatingSystem.IsWindows() ? null : (ModeOf(path) & Mask) switch
    {
        Pipe => "a named pipe",
        CharacterDevice or BlockDevice => "a device",
        Folder => "a folder",
        Socket => "a socket",
        _ => null,
    };

    /// <summary>Whether a path names what the process was given open, as the standard input is and what <c>&lt;(command)</c> of a shell stands for.</summary>
    /// <param name="path">The path.</param>
    public static bool IsInherited(string path) =>
        !OperatingSystem.IsWindows() && Array.Exists(Inherited, start => path.StartsWith(start, StringComparison.Ordinal));

    /// <summary>.NET has no public way to learn the mode without opening the file.</summary>
    private static int ModeOf(string path)
    {
        try
        {
            var status = new int[StatusInts];
            return Stat(path, status) == 0 ? status[1] : 0;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return 0;
        }
    }

    [DllImport("libSystem.Native", EntryPoint = "SystemNative_Stat")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory)]
    private static extern int Stat([MarshalAs(UnmanagedType.LPUTF8Str)] string path, [Out] int[] status);
}
