namespace FopWatch.Contracts;

/// <summary>The names of the members of enums as every FopWatch document, table and parameter has them: in camelCase.</summary>
public static class WireNames
{
    /// <summary>The name of a member.</summary>
    /// <typeparam name="T">The enum.</typeparam>
    /// <param name="value">The member.</param>
    /// <exception cref="ArgumentOutOfRangeException">The enum has no such member.</exception>
    public static string Of<T>(T value)
        where T : struct, Enum => EnumNames<T>.Find(value) ?? throw new ArgumentOutOfRangeException(nameof(value), value, $"It is no {typeof(T).Name}.");
}
