using System.Text.Json.Nodes;

namespace FopWatch.Infra.Tests;

/// <summary>The resources to deploy, with stand-ins for values that only Azure knows (see <see cref="Expression"/>).</summary>
internal sealed class Deployment
{
    public Deployment(JsonObject snapshot, string diagnostics)
    {
        Diagnostics = diagnostics;
        Resources = [.. snapshot["predictedResources"]!.AsArray().Select(one => new Resource(one!.AsObject(), Unknown))];
        Outputs = (JsonObject)Expression.Evaluated(snapshot["outputs"], Unknown)!;
    }

    /// <summary>The diagnostics of the compiler.</summary>
    public string Diagnostics { get; }

    public IReadOnlyList<Resource> Resources { get; }

    public JsonObject Outputs { get; }

    /// <summary>The values that only Azure knows and that a stand-in replaced.</summary>
    public ISet<Unknown> Unknown { get; } = new HashSet<Unknown>();

    public IEnumerable<Resource> All(string type) => Resources.Where(one => one.Type == type);

    public Resource The(string type) => Assert.Single(All(type));

    public string Output(string name) => Outputs[name]!.GetValue<string>();
}

/// <summary>A resource to deploy.</summary>
internal sealed class Resource
{
    private readonly JsonObject _json;

    public Resource(JsonObject json, ISet<Unknown> unknown)
    {
        Id = json["id"]!.GetValue<string>();
        Type = json["type"]!.GetValue<string>();
        ApiVersion = json["apiVersion"]!.GetValue<string>();

        // The id repeats the name and, if the name is unknown, contains functions that no other member has.
        var rest = json.DeepClone().AsObject();
        rest.Remove("id");
        _json = (JsonObject)Expression.Evaluated(rest, unknown)!;
        Names = _json["name"]!.GetValue<string>().Split('/');
    }

    public string Id { get; }

    public string Type { get; }

    public string ApiVersion { get; }

    /// <summary>The name, preceded by those of its parent resources.</summary>
    public IReadOnlyList<string> Names { get; }

    public string Name => Names[^1];

    /// <summary>The scope of a role assignment or another extension resource.</summary>
    public string Scope => Id[..Id.LastIndexOf("/providers/", StringComparison.Ordinal)];

    /// <summary>A value, or null.</summary>
    public JsonNode? Find(params string[] path) => path.Aggregate((JsonNode?)_json, (node, name) => node?[name]);

    public JsonNode At(params string[] path) => Find(path) ?? throw new KeyNotFoundException($"{Id} has no {string.Join('.', path)}.");

    public string Text(params string[] path) => At(path).GetValue<string>();

    public bool Is(params string[] path) => At(path).GetValue<bool>();

    public override string ToString() => Id;
}

/// <summary>A value that only Azure knows: a property of a deployed resource, or of the cloud.</summary>
internal sealed record Unknown(string Of, string Property);
