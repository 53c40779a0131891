using System.Text.Json;
using System.Text.Json.Serialization;
using ModelContextProtocol;
using ModelContextProtocol.Server;

namespace FopWatch.Local.CommandLine.Mcp;

/// <summary>Creates tools from methods. Attributes describe their parameters, and states have their wire names.</summary>
internal static class ToolOptions
{
    private static readonly JsonSerializerOptions Arguments = CreateArguments();

    public static McpServerTool Reading(string name, string title, string description, Delegate run) =>
        Create(name, title, description, run, isReadOnly: true, isDestructive: false, isIdempotent: true);

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
        // The library's options convert enums to their names in code; the first matching converter applies.
        var options = new JsonSerializerOptions(McpJsonUtilities.DefaultOptions);
        options.Converters.Insert(0, new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        return options;
    }
}
