using System.Text.Json;
using System.Text.Json.Serialization;
using ModelContextProtocol;
using ModelContextProtocol.Server;

namespace FopWatch.Local.CommandLine.Mcp;

/// <summary>Makes tools of methods: their parameters are described by attributes, and states are the words that are on the wire.</summary>
internal static class ToolOptions
{
    private static readonly JsonSerializerOptions Arguments = CreateArguments();

    /// <summary>A tool that changes nothing.</summary>
    public static McpServerTool Reading(string name, string title, string description, Delegate run) =>
        Create(name, title, description, run, isReadOnly: true, isDestructive: false, isIdempotent: true);

    /// <summary>A tool that changes something.</summary>
    public static McpServerTool Acting(string name, string title, string description, bool isDestructive, bool isIdempotent, Delegate run) =>
        Create(name, title, description, run, isReadOnly: false, isDestructive, isIdempotent);

    private static McpServerTool Create(
        string name, string title, string description, Delegate run, bool isReadOnly, bool isDestructive, bool isIdempotent) => McpServerTool.Create(run, new()
        {
            Name = name,
            Title = title,
            Description = description,
            ReadOnly = isReadOnly,
            Destructive = isDestructive,
            Idempotent = isIdempotent,
            OpenWorld = false,
            SerializerOptions = Arguments,
        });

    private static JsonSerializerOptions CreateArguments()
    {
        // The library's own options have a converter of names as they are in code; the first that fits counts.
        var options = new JsonSerializerOptions(McpJsonUtilities.DefaultOptions);
        options.Converters.Insert(0, new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        return options;
    }
}
