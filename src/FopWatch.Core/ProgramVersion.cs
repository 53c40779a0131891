using System.Reflection;

namespace FopWatch;

/// <summary>The version of this FopWatch.</summary>
public static class ProgramVersion
{
    /// <summary>As releases are named: without what the build adds about its sources.</summary>
    public static string Text { get; } =
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "?";
}
