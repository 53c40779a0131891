using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace FopWatch.Contracts;

/// <summary>Finds the required member that an object of an event lacks.</summary>
internal static class RequiredMembers
{
    /// <summary>Finds the first required member that the object at a path lacks. Returns null if the value is not an object or lacks none.</summary>
    /// <param name="body">A JSON document.</param>
    /// <param name="path">The path at which the serializer stopped, in its notation: <c>$.data.items[0]</c>.</param>
    public static string? FirstMissing(ReadOnlySpan<byte> body, string path)
    {
        try
        {
            return Find(body, path);
        }
        catch (InvalidOperationException)
        {
            // One of the compared names is not valid Unicode.
            return null;
        }
    }

    private static string? Find(ReadOnlySpan<byte> body, string path)
    {
        using var document = JsonDocument.Parse(body.ToArray());
        var element = document.RootElement;
        JsonTypeInfo? type = ContractsJson.Default.JobEvent;
        foreach (var step in path.Split(['$', '.', '[', ']'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (element.ValueKind == JsonValueKind.Array && int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
            {
                element = element[index];
                continue;
            }

            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(step, out element))
                return null;
            type = TypeOf(type, step);
        }

        return element.ValueKind == JsonValueKind.Object
            ? type?.Properties.FirstOrDefault(member => member.IsRequired && !element.TryGetProperty(member.Name, out _))?.Name
            : null;
    }

    private static JsonTypeInfo? TypeOf(JsonTypeInfo? type, string name)
    {
        var member = type?.Properties.FirstOrDefault(one => one.Name == name)?.PropertyType;
        if (member is { IsGenericType: true })
            member = member.GetGenericArguments()[0];
        return member is null ? null : ContractsJson.Default.GetTypeInfo(member);
    }
}
