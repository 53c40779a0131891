using System.Reflection;

namespace FopWatch;

/// <summary>The version of this FopWatch.</summary>
public static class ProgramVersion
{
    /// <summary>The version of the release, without the commit that the build appends.</summary>
    public static string Text { get; } =
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "?";
}
