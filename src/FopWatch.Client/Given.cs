using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace FopWatch.Client;

/// <summary>Rejects null where an answer must have a value: the other side may not be FopWatch.</summary>
internal static class Given
{
    /// <exception cref="JsonException">The value is null.</exception>
    public static T NotNull<T>([NotNull] T? value, [CallerMemberName] string name = "")
        where T : class => value ?? throw new JsonException($"'{name}' is null.");

    /// <exception cref="JsonException">The list is null or contains null.</exception>
    public static IReadOnlyList<T> Whole<T>([NotNull] IReadOnlyList<T>? list, [CallerMemberName] string name = "")
        where T : class => list is null || list.Contains(null!) ? throw new JsonException($"'{name}' is null or contains null.") : list;
}
