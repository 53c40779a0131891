namespace FopWatch.Contracts;

/// <summary>The names of enum members in FopWatch's documents, tables and parameters: in camelCase.</summary>
public static class WireNames
{
    /// <summary>The name of a member.</summary>
    /// <typeparam name="T">The enum.</typeparam>
    /// <param name="value">The member.</param>
    /// <exception cref="ArgumentOutOfRangeException">The enum has no such member.</exception>
    public static string Of<T>(T value)
        where T : struct, Enum => EnumNames<T>.Find(value) ?? throw new ArgumentOutOfRangeException(nameof(value), value, $"{typeof(T).Name} has no such member.");

    /// <summary>The names of all members, in the order of the enum's values.</summary>
    /// <typeparam name="T">The enum.</typeparam>
    public static IReadOnlyList<string> All<T>()
        where T : struct, Enum => EnumNames<T>.All;

    /// <summary>Finds the member with a name.</summary>
    /// <typeparam name="T">The enum.</typeparam>
    /// <param name="name">The name, case-sensitive.</param>
    /// <param name="value">The member.</param>
    /// <returns>Whether the enum has such a member.</returns>
    public static bool TryParse<T>(string? name, out T value)
        where T : struct, Enum
    {
        value = default;
        return name is not null && EnumNames<T>.TryFind(name, out value) && EnumNames<T>.Find(value) == name;
    }
}
